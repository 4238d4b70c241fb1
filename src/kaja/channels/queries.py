"""Reading channels. Inside the workspace's scope."""

from uuid import UUID

from django.db.models import Case, QuerySet, Value, When

from kaja.channels.models import Channel, Health, QuotaState
from kaja.kernel.problems import NotFound, Problem, gettext_noop


def channel_order(prefix: str = "") -> tuple[str, ...]:
    """The one order of channels, on every page and in every answer: as they were connected. A person who knows where
    a channel stands finds it there everywhere. `prefix` leads from another table to the channel ("variant__channel__").
    """
    return f"{prefix}created_at", f"{prefix}id"


def list_channels(*, disconnected: bool = False) -> QuerySet[Channel]:
    """The connected channels in their order; with `disconnected`, those that were let go too, last."""
    if not disconnected:
        return Channel.objects.filter(disconnected_at=None).order_by(*channel_order())
    gone = Case(When(disconnected_at=None, then=Value(0)), default=Value(1))
    return Channel.objects.order_by(gone, *channel_order())


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
