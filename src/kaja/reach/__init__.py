"""Whether somebody outside reaches this installation: what can be known from here, and what proved it."""
