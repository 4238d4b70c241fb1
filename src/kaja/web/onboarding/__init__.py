"""The first visit: from nothing to the first post."""
