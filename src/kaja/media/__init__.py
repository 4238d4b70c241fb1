"""Files of a workspace: taken in, checked by content, stored, opened for a network."""
