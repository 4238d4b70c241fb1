"""How long each kind of thing is kept, what that would delete now, and deleting it at night."""
