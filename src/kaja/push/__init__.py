"""Notices on people's own devices: which devices, what they want to be told, and how it gets there (Web Push)."""
