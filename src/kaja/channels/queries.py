"""Reading channels. Inside the workspace's scope."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Case, Q, QuerySet, Value, When

from kaja.channels.models import Channel, Health, QuotaState
from kaja.kernel.pages import PAGE, Page, cut_page
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


def list_channels_of(channel_ids: Collection[UUID]) -> list[Channel]:
    """These channels, connected or not, in their order; without those that this workspace does not have."""
    return list(Channel.objects.filter(id__in=channel_ids).order_by(*channel_order()))


def list_choosable(keep: Collection[UUID] = ()) -> list[Channel]:
    """The channels that a post may go to, and those that it has already."""
    kept = set(keep)
    rows = Channel.objects.order_by(*channel_order())
    return [channel for channel in rows if channel.disconnected_at is None or channel.id in kept]


def list_channel_ids(among: Collection[UUID] | None = None) -> list[UUID]:
    """The ids of the connected channels in their order, of all or only `among` these."""
    rows = list_channels() if among is None else list_channels().filter(id__in=among)
    return list(rows.values_list("id", flat=True))


def page_channels(cursor: str = "", limit: int = PAGE, *, disconnected: bool = False) -> Page[Channel]:
    """The connected channels, with `disconnected` those that were let go too, oldest first, each with its budgets."""
    return cut_page(list_channels(disconnected=disconnected).prefetch_related("quotas"), ("id",), cursor, limit)


def find_channels(text: str, limit: int) -> list[Channel]:
    """Channels whose name, handle or network holds the text, in their order."""
    holds = Q(name__icontains=text) | Q(handle__icontains=text) | Q(network__icontains=text)
    return list(Channel.objects.filter(holds).order_by(*channel_order())[:limit])


def list_broken_channels() -> QuerySet[Channel]:
    """Connected channels that a person has to connect again."""
    return list_channels().filter(health=Health.RECONNECT)


def list_quotas(channel: Channel) -> QuerySet[QuotaState]:
    """What the network last said about the channel's budgets."""
    return QuotaState.objects.filter(channel=channel).order_by("bucket")
