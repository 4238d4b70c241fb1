"""Looking after the files in the background."""

from kaja.content.actions.laws import follow_laws
from kaja.content.media.renditions import sweep_renditions
from kaja.kernel.jobs import job


@job("content.sweep_renditions", every="41 3 * * *")
def sweep(timestamp: int) -> None:
    """Delete cut-outs that nobody asked for lately."""
    sweep_renditions()


@job("content.follow_laws", every="7 4 * * *")
def follow(timestamp: int) -> None:
    """Move what is planned when the data about time zones have changed; a worker's start does it, too."""
    follow_laws()
