"""The `kaja` command."""
