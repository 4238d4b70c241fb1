"""Serving the files of a workspace to its members."""
