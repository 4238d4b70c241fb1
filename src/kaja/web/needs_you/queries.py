"""What waits for a person, from every domain. Inside the workspace's scope."""

from dataclasses import dataclass
from typing import Any

from django.db.models import F, Func, QuerySet, Subquery

from kaja.channels.models import Channel
from kaja.channels.queries import list_broken_channels
from kaja.delivery.models import Delivery, State
from kaja.delivery.queries import needs_you
from kaja.publishing import queries as publishing
from kaja.workspaces.models import Member, Notice
from kaja.workspaces.queries import list_notices


@dataclass(frozen=True)
class Waiting:
    """One delivery that waits, with what the page needs to settle it."""

    delivery: Delivery
    kind: str
    """`uncertain`, `failed`, `missed` or `held`."""


def kind_of(delivery: Delivery) -> str:
    """Which decision a delivery waits for."""
    if delivery.state == State.UNCERTAIN:
        return "uncertain"
    if delivery.state == State.FAILED:
        return "failed"
    if delivery.state == State.MISSED:
        return "missed"
    return "held"


def needs_you_counts(member: Member) -> tuple[Subquery, ...]:
    """How many things wait, kind by kind, as parts of a query of the member."""
    return (
        count_of(needs_you()),
        count_of(list_broken_channels()),
        count_of(list_unsettled_notices(member)),
    )


def count_of(rows: QuerySet[Any]) -> Subquery:
    """The number of rows, as part of another query."""
    return Subquery(rows.order_by().annotate(n=Func(F("pk"), function="COUNT")).values("n"))


def list_waiting() -> list[Waiting]:
    """The deliveries that wait for a decision, oldest first."""
    return [Waiting(delivery, kind_of(delivery)) for delivery in publishing.list_needs_you()]


def list_channels_to_reconnect() -> list[Channel]:
    """Channels that a person has to connect again."""
    return list(list_broken_channels())


def list_unsettled_notices(member: Member) -> QuerySet[Notice]:
    """Unread notices that are not shown as a delivery or a channel already."""
    return list_notices(member, unread=True).exclude(kind__startswith="delivery.").exclude(kind="channel.broken")
