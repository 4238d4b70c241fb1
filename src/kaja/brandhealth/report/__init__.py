"""What people and machines read: sentences, charts, documents, files."""
