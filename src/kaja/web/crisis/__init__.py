"""Crisis mode: what is held back, what may be said, whom it concerns, what was decided, and how it was."""
