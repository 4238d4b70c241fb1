"""The page where a post is written: one text, many channels, previews and checks while typing."""
