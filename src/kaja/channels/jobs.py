"""Looking after channels in the background."""

from datetime import timedelta
from uuid import UUID

from django.db.models import Q

from kaja.channels.connecting import check_channel
from kaja.channels.models import Channel, Health
from kaja.kernel.clock import now
from kaja.kernel.jobs import defer_once, job
from kaja.kernel.tenancy import SystemPurpose, system_scope

CHECK_EVERY = timedelta(hours=6)
CHECK_TROUBLED_EVERY = timedelta(minutes=15)


@job("channels.check")
def check_one(workspace_id: str, channel_id: str) -> None:
    """Check one channel's health."""
    check_channel(UUID(workspace_id), UUID(channel_id))


@job("channels.check_due", every="*/15 * * * *")
def check_due(timestamp: int) -> None:
    """Have every channel checked that was not for six hours, and those in trouble every quarter of an hour."""
    for workspace_id, channel_id in list_due_for_check():
        # One that waits already (the network is slow, or a worker was away for a day) is enough.
        lock = f"channels.check:{channel_id}"
        defer_once(check_one, lock, workspace_id=str(workspace_id), channel_id=str(channel_id))


def list_due_for_check() -> list[tuple[UUID, UUID]]:
    """Workspace and channel ids whose check is due."""
    moment = now()
    troubled = Q(health_failures__gt=0) & ~Q(health=Health.RECONNECT)
    with system_scope(SystemPurpose.JOB_DISPATCH):
        return list(
            Channel.objects.filter(disconnected_at=None)
            .filter(
                Q(checked_at=None)
                | Q(checked_at__lt=moment - CHECK_EVERY)
                | (troubled & Q(checked_at__lt=moment - CHECK_TROUBLED_EVERY))
            )
            .values_list("workspace_id", "id")
        )
