"""Looking after channels in the background."""

from uuid import UUID

from kaja.channels.connecting import check_channel
from kaja.channels.renewal import list_due, list_ending, renew_grant, tell_ending
from kaja.kernel.jobs import defer_once, job


@job("channels.check")
def check_one(workspace_id: str, channel_id: str) -> None:
    """Check one channel's health."""
    check_channel(UUID(workspace_id), UUID(channel_id))


@job("channels.check_due")
def check_due(timestamp: int) -> None:
    """Nothing: a worker of the version before still asks for it. `reading/health.py` does it now."""


@job("channels.renew", attempts=1)
def renew_one(workspace_id: str, grant_id: str) -> None:
    """Renew one consent. What fails is due again by itself."""
    renew_grant(UUID(workspace_id), UUID(grant_id))


@job("channels.renew_due", every="* * * * *")
def renew_due(timestamp: int) -> None:
    """Have the consents renewed whose time has come, and tell of those that end."""
    for workspace_id, grant_id in list_due():
        defer_once(renew_one, f"channels.renew {grant_id}", workspace_id=str(workspace_id), grant_id=str(grant_id))
    for workspace_id, grant_id in list_ending():
        tell_ending(workspace_id, grant_id)
