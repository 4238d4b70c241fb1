"""When something comes in like this, then do that: tried before it is switched on, told in the log, and undone."""
