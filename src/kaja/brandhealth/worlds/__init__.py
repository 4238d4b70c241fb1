"""Worlds of known truth, to try everything on."""
