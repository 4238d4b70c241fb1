"""Watching in the background."""

from kaja.inbox.trouble.watching import watch
from kaja.kernel.jobs import job


@job("inbox.watch", every="*/5 * * * *")
def watch_bursts(timestamp: int) -> None:
    """Look for bursts everywhere."""
    watch()
