"""Reading private replies and what became of each person. Inside the workspace's scope."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Q

from kaja.delivery.models import Delivery, Publication, State
from kaja.inbox.privately.models import PrivateReply, PrivateSending, SendingState
from kaja.inbox.privately.refusals import GONE
from kaja.kernel.clock import now
from kaja.kernel.pages import PAGE, Page, cut_page
from kaja.kernel.problems import NotFound, Stored

POSTS_SHOWN = 50
LATELY = timedelta(days=365)


@dataclass(frozen=True)
class Counted:
    """A private reply, and of how many people what became."""

    reply: PrivateReply
    sent: int
    waiting: int
    stopped: int


def list_private() -> list[PrivateReply]:
    """All of them (50 at most), by name."""
    return list(PrivateReply.objects.order_by("name", "id"))


def list_counted_private() -> list[Counted]:
    """The same with their numbers, in one query."""
    waiting = Q(sendings__state=SendingState.WAITING)
    stopped = Q(sendings__state__in=(SendingState.STOPPED, SendingState.FAILED))
    rows = PrivateReply.objects.annotate(
        sent=Count("sendings", filter=Q(sendings__state=SendingState.SENT)),
        waiting=Count("sendings", filter=waiting),
        stopped=Count("sendings", filter=stopped),
    )
    return [
        Counted(row, getattr(row, "sent", 0), getattr(row, "waiting", 0), getattr(row, "stopped", 0))
        for row in rows.order_by("name", "id")
    ]


def get_private(reply_id: UUID) -> PrivateReply:
    """Raises NotFound."""
    row = PrivateReply.objects.filter(id=reply_id).first()
    if row is None:
        raise NotFound(GONE)
    return row


@dataclass(frozen=True)
class Line:
    """One person in the log: how it stands, and why."""

    sending: PrivateSending
    state: SendingState
    unclear: bool
    """Nobody knows yet whether it went out; Kaja is looking."""
    can_stop: bool
    problem: Stored | None
    public: str
    """How the public answer stands: `waiting`, `sent`, `stopped`; empty without one."""


def page_sendings(
    cursor: str = "", limit: int = PAGE, reply_id: UUID | None = None, state: SendingState | None = None
) -> Page[Line]:
    """The log, the newest first. Raises Refused for a cursor that is none."""
    rows = PrivateSending.objects.select_related("handle", "channel", "message")
    if reply_id is not None:
        rows = rows.filter(reply_id=reply_id)
    if state is not None:
        rows = rows.filter(state=state)
    return cut_page(rows, ("-at", "-id"), cursor, limit).map(_describe)


def _describe(rows: list[PrivateSending]) -> list[Line]:
    ids = [each for row in rows for each in (row.delivery_id, row.public_delivery_id) if each is not None]
    states = dict(Delivery.objects.filter(id__in=ids).values_list("id", "state"))
    return [_describe_one(row, states) for row in rows]


def _describe_one(row: PrivateSending, states: dict[UUID, str]) -> Line:
    private = states.get(row.delivery_id) if row.delivery_id else None
    public = states.get(row.public_delivery_id) if row.public_delivery_id else None
    state = SendingState(row.state)
    if state == SendingState.WAITING and private == State.CANCELLED:  # it had begun when it was stopped, and did not go
        state = SendingState.STOPPED
    word = ""
    if row.public_problem is not None or public in (State.CANCELLED, State.FAILED, State.MISSED):
        word = "stopped"
    elif public is not None:
        word = "sent" if public == State.SENT else "waiting"
    standing = public if state == SendingState.SENT else private
    waits = standing in (State.SCHEDULED, State.WAITING, State.SENDING)
    unclear = State.UNCERTAIN in (private, public)
    return Line(row, state, unclear, row.open and waits, row.problem or row.public_problem, word)


def list_open_sendings(reply_id: UUID) -> list[UUID]:
    """What of one private reply is still to go out."""
    return list(PrivateSending.objects.filter(reply_id=reply_id, open=True).values_list("id", flat=True))


@dataclass(frozen=True)
class ShownPost:
    """A post of ours that can be chosen."""

    id: UUID
    channel: str
    text: str
    at: datetime


def list_posts(chosen: list[UUID]) -> list[ShownPost]:
    """The newest posts that stand on a network, and those that are chosen already."""
    rows = Publication.objects.filter(delivery__kind="post", deleted_at=None, channel__disconnected_at=None)
    rows = rows.select_related("channel")
    newest = list(rows.filter(published_at__gte=now() - LATELY).order_by("-published_at", "-id")[:POSTS_SHOWN])
    known = {row.id for row in newest}
    missing = [each for each in chosen if each not in known]
    if missing:
        newest += list(Publication.objects.filter(id__in=missing).select_related("channel").order_by("-published_at"))
    return [
        ShownPost(row.id, str(row.channel), " ".join(str(row.sent.get("text") or "").split()), row.published_at)
        for row in newest
    ]
