"""One outbox for everything irreversible. It knows no post; `sources.py` says what it asks of those who send."""
