"""Background work of the inbox. Thin: takes ids, calls an action."""

from kaja.inbox.targets.actions import warn_of_due
from kaja.kernel.jobs import job


@job("inbox.warn_of_due", every="* * * * *")
def warn_of_due_answers(timestamp: int) -> None:
    """Tell of promises that are about to be broken."""
    warn_of_due()
