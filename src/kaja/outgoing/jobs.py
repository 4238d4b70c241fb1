"""Sending in the background."""

from kaja.kernel.jobs import defer_once, job
from kaja.outgoing.forgetting import forget_told
from kaja.outgoing.sending import find_next, send_due


@job("outgoing.send")
def send_outgoing() -> None:
    """What was told just now, and what is tried again."""
    send_due()
    if (at := find_next()) is not None:
        defer_once(send_outgoing, "outgoing.send_at", at)


@job("outgoing.sweep", every="* * * * *")
def sweep_outgoing(timestamp: int) -> None:
    """What a job that was lost, or a worker that died, left open."""
    send_outgoing()  # type: ignore[operator]  # a job is also a function


@job("outgoing.forget", every="41 3 * * *")
def forget_old(timestamp: int) -> None:
    """The log of a month ago."""
    forget_told()


def wake() -> None:
    """Have what waits sent at once; within a minute it would be by itself."""
    defer_once(send_outgoing, "outgoing.send")
