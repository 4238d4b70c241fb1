"""Reading channels. Inside the workspace's scope."""

from uuid import UUID

from django.db.models import QuerySet

from kaja.channels.models import Channel, Health, QuotaState
from kaja.networks.kit.problems import Problem, gettext_noop
from kaja.workspaces.errors import NotFound


def list_channels(*, disconnected: bool = False) -> QuerySet[Channel]:
    """The connected channels by name; with `disconnected`, those that were let go too, last."""
    channels = Channel.objects.order_by("disconnected_at", "name", "id")
    return channels if disconnected else channels.filter(disconnected_at=None)


def get_channel(channel_id: UUID) -> Channel:
    """One channel, connected or not. Raises NotFound."""
    channel = Channel.objects.filter(id=channel_id).first()
    if channel is None:
        raise NotFound(
            Problem(
                code="channel_unknown",
                message=gettext_noop("There is no such channel in this workspace."),
                fix=gettext_noop("Look at the list of channels."),
            )
        )
    return channel


def list_broken_channels() -> QuerySet[Channel]:
    """Connected channels that a person has to connect again."""
    return list_channels().filter(health=Health.RECONNECT)


def list_quotas(channel: Channel) -> QuerySet[QuotaState]:
    """What the network last said about the channel's budgets."""
    return QuotaState.objects.filter(channel=channel).order_by("bucket")
