"""Noticing that something is up: more is said than at this time of other weeks, or more of it is bad."""
