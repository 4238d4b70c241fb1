"""The ideas board: what might become a post, what is being written, what is planned."""
