"""Going back when the network has forgotten what an earlier stage made there: an upload, or a container."""

from kaja.networks.kit.content import Outgoing
from kaja.networks.kit.outcome import file_again, file_gone
from kaja.networks.kit.results import Checkpoint, Rejected, Restart, StageResult
from kaja.networks.practice.answers import CONTAINER_GONE, NETWORK, UPLOAD_GONE

AGAIN = 2
"""How often it is made anew; then that is told."""


def begin_anew(result: StageResult, outgoing: Outgoing, checkpoint: Checkpoint) -> StageResult:
    """The result as it is, unless it is about something that can be made once more."""
    gone = result.problem.code if isinstance(result, Rejected) else ""
    if outgoing.kind == "comment" or gone not in (UPLOAD_GONE, CONTAINER_GONE):
        return result
    again = int(checkpoint.get("again", 0)) + 1
    if again > AGAIN:
        return Rejected(file_gone(NETWORK))
    kept = {name: value for name, value in checkpoint.items() if name not in ("media", "container")}
    return Restart("upload" if outgoing.media else "container", {**kept, "again": again}, file_again(NETWORK))
