"""Looking after the files in the background."""

from kaja.kernel.jobs import job
from kaja.media.renditions import sweep_renditions


# Named as when files belonged to posts: what an older worker has queued finds its job, and the other way round.
@job("content.sweep_renditions", every="41 3 * * *")
def sweep(timestamp: int) -> None:
    """Delete cut-outs that nobody asked for lately."""
    sweep_renditions()
