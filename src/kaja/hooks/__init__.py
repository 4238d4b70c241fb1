"""The one public room for what networks send by themselves. What comes in is a hint to read, never a truth."""
