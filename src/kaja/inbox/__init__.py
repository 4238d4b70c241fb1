"""What the audience says: conversations, their work, and answers. Beside `publishing`: neither knows the other."""
