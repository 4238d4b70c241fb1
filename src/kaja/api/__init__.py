"""The REST API: the same actions as the screen, over JSON."""
