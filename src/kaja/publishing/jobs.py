"""Background work of publishing. Thin: takes ids, calls an action."""

from uuid import UUID

from kaja.kernel.jobs import defer_once, job
from kaja.kernel.tenancy import workspace_scope
from kaja.publishing.actions.changes import carry_out_change, is_old
from kaja.publishing.actions.looking import look_at_channel
from kaja.publishing.actions.watching import list_watched, look_for_others

TRIES = 6


@job("publishing.change_publication", attempts=TRIES)
def change_publication(workspace: str, change: str) -> None:
    """Edit or delete on the network. What has to wait comes again."""
    workspace_id, change_id = UUID(workspace), UUID(change)
    with workspace_scope(workspace_id):
        last_try = is_old(change_id)
    carry_out_change(workspace_id, change_id, last_try=last_try)


@job("publishing.look_after_hold")
def look_after_hold(workspace: str, channel: str) -> None:
    """Look at what a held workspace's channel has on its network."""
    look_at_channel(UUID(workspace), UUID(channel))


@job("publishing.watch_channel")
def watch_channel(workspace: str, channel: str) -> None:
    """Look whether another Kaja posts on one channel."""
    look_for_others(UUID(workspace), UUID(channel))


@job("publishing.watch_channels", every="20 * * * *")
def watch_channels(timestamp: int) -> None:
    """Have every channel watched on which another Kaja could be told apart."""
    for workspace_id, channel_id in list_watched():
        turn = f"publishing.watch:{channel_id}"
        defer_once(watch_channel, turn, workspace=str(workspace_id), channel=str(channel_id))
