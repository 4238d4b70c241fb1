"""Kaja: the open, self-hosted workplace of a social media team."""
