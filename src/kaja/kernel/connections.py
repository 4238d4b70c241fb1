"""The database connections that a thread holds."""

from django.db import connections


def release_connections() -> None:
    """Give this thread's connections back to their pool, or close them. What is inside a transaction is kept."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()
