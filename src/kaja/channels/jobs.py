"""Looking after channels in the background."""

from uuid import UUID

from kaja.channels.connecting import check_channel
from kaja.kernel.jobs import job


@job("channels.check")
def check_one(workspace_id: str, channel_id: str) -> None:
    """Check one channel's health."""
    check_channel(UUID(workspace_id), UUID(channel_id))


@job("channels.check_due")
def check_due(timestamp: int) -> None:
    """Nothing: a worker of the version before still asks for it. `reading/health.py` does it now."""
