"""Looking after what is planned in the background."""

from kaja.content.actions.laws import follow_laws
from kaja.kernel.jobs import job


@job("content.follow_laws", every="7 4 * * *")
def follow(timestamp: int) -> None:
    """Move what is planned when the data about time zones have changed; a worker's start does it, too."""
    follow_laws()
