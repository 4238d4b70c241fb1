"""Notices on their way to devices, over a push service on loopback."""
