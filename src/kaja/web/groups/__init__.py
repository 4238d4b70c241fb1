"""Campaigns and labels: what posts are grouped by."""
