"""What waits for a person, from every domain, and how far their first steps are. Inside the workspace's scope."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, F, Func, IntegerField, OuterRef, QuerySet, Subquery, Value

from kaja.channels.models import Channel
from kaja.channels.queries import list_broken_channels
from kaja.content.models import Post, PostState
from kaja.delivery.models import Delivery, State
from kaja.delivery.queries import list_needs_you
from kaja.delivery.sources import Subject, describe
from kaja.kernel.compiled import CompiledQuery
from kaja.kernel.pages import PAGE, Page, cut_page
from kaja.networks.registry import CONNECTORS
from kaja.workspaces.models import Member, Notice
from kaja.workspaces.queries import list_notices

_asked = CompiledQuery()  # by every page
FIRST_STEPS = 5
MOST_BESIDE = 100


@dataclass(frozen=True)
class Waiting:
    """One delivery that waits, of a post, an answer or an act, with what the page needs to settle it."""

    delivery: Delivery
    kind: str
    """`uncertain`, `failed`, `missed` or `held`."""
    subject: Subject
    """Of a post that; of what was answered, or done, its conversation."""


def kind_of(delivery: Delivery) -> str:
    """Which decision a delivery waits for."""
    known = {State.UNCERTAIN: "uncertain", State.FAILED: "failed", State.MISSED: "missed"}
    return known.get(State(delivery.state), "held")


def list_waiting(cursor: str = "", limit: int = PAGE) -> Page[Waiting]:
    """What a person must decide, oldest first, each with channel and subject; what lies in the bin is left out."""

    def describe_all(found: list[Delivery]) -> list[Waiting]:
        subjects = describe(found)
        return [Waiting(delivery, kind_of(delivery), subjects[delivery.id]) for delivery in found]

    return cut_page(list_needs_you().select_related("channel"), ("due_at", "id"), cursor, limit).map(describe_all)


def list_channels_to_reconnect(cursor: str = "", limit: int = PAGE) -> Page[Channel]:
    """Channels that a person has to connect again, in their order."""
    return cut_page(list_broken_channels(), ("created_at", "id"), cursor, limit)


def list_unsettled_notices(member: Member, cursor: str = "", limit: int = PAGE) -> Page[Notice]:
    """Unread notices that are not shown as a delivery or a channel already, newest first."""
    return cut_page(_unsettled(member), ("-created_at", "-id"), cursor, limit)


def _unsettled(member: Member) -> QuerySet[Notice]:
    return list_notices(member, unread=True).exclude(kind__startswith="delivery.").exclude(kind="channel.broken")


def read_standing(
    member: Member, *, learning: bool, beside: QuerySet[Any] | None = None
) -> tuple[int, Sequence[bool], int]:
    """How many things wait for a member and, while they are `learning`, which first steps are done: connected a
    channel, wrote, scheduled, connected a real channel, invited somebody. One query, for it stands on every page.

    `beside` is counted too, up to a hundred: what a room that this one does not know has for every page; always the
    same rows."""

    def ask() -> QuerySet[Any, Any]:
        waiting = [_count(rows) for rows in (list_needs_you(), list_broken_channels(), _unsettled(member))]
        few = Value(0) if beside is None else _count_few(beside)
        return Member.objects.filter(id=member.id).values_list(few, *waiting, *(_first_steps() if learning else ()))

    few, *row = _asked.fetch(ask, member.id, key=(learning, beside is None))[0]
    counts, done = (row[:-FIRST_STEPS], row[-FIRST_STEPS:]) if learning else (row, ())
    return sum(counts), done, few


def _count(rows: QuerySet[Any]) -> Subquery:
    return Subquery(rows.order_by().annotate(n=Func(F("pk"), function="COUNT")).values("n"))


def _count_few(rows: QuerySet[Any]) -> Func:
    return Func(
        ArraySubquery(rows.order_by().values("pk")[:MOST_BESIDE]), function="CARDINALITY", output_field=IntegerField()
    )


def _first_steps() -> tuple[Exists, ...]:
    practice = [key for key, connector in CONNECTORS.items() if connector.info.practice]
    channels = Channel.objects.filter(disconnected_at=None)
    return (
        Exists(channels),
        Exists(Post.objects.all()),
        Exists(Post.objects.filter(state=PostState.SCHEDULED)),
        Exists(channels.exclude(network__in=practice)),
        Exists(Member.objects.exclude(id=OuterRef("id"))),
    )
