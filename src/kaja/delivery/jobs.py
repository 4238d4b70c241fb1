"""Background work of delivery. Thin: takes ids, calls an action.

The names begin as they did when this belonged to publishing: what waits in the queue while a new version is installed
is found by them.
"""

from uuid import UUID

from kaja.delivery.actions.looking import look_at_channel
from kaja.delivery.actions.watching import list_watched, look_for_others
from kaja.kernel.jobs import defer_once, job


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
