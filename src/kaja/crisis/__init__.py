"""A crisis of a workspace: what is held back, what is said meanwhile, whom it concerns, who decided what."""
