"""Looking after the files in the background."""

from kaja.content.media.renditions import sweep_renditions
from kaja.kernel.jobs import job


@job("content.sweep_renditions", every="41 3 * * *")
def sweep(timestamp: int) -> None:
    """Delete cut-outs that nobody asked for lately."""
    sweep_renditions()
