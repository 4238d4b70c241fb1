"""Connecting and looking after channels."""
