"""What comes in with a request: how much of it, how slowly, and where it goes before any view is asked."""
