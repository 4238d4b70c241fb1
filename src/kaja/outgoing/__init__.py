"""Webhooks to programs of the team: what happened is told to addresses of theirs, signed, until they have taken it."""
