"""The screen: server-rendered HTML, one folder per area."""
