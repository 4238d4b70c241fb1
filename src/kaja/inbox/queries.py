"""All reads of the inbox. Every query runs inside an entered workspace scope."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import Exists, F, OuterRef, Prefetch, Q, QuerySet, Value
from django.db.models.functions import JSONObject, Now

from kaja.channels.models import Channel
from kaja.channels.queries import channel_order
from kaja.inbox.models import (
    AnswerWait,
    Conversation,
    ConversationEvent,
    ConversationLabel,
    Message,
    MessageVersion,
)
from kaja.inbox.search import having_words
from kaja.kernel.pages import PAGE, Page, cut_page
from kaja.kernel.problems import NotFound, Problem, gettext_noop
from kaja.networks.kit.reading import find_reader
from kaja.networks.registry import CONNECTORS
from kaja.reading.models import Poll
from kaja.reading.streams import PREFIX

NOT_FOUND = Problem(
    code="conversation_not_found",
    message=gettext_noop("This conversation is not here."),
    fix=gettext_noop("Look in the list of the inbox; perhaps it belongs to another workspace."),
)
ORDER = ("-last_at", "-id")
DUE_ORDER = ("due_at", "-last_at", "-id")
DUE_WITHIN = {"late": timedelta(), "hour": timedelta(hours=1), "day": timedelta(days=1)}
"""What is asked for by what is due; what is late is in each of them."""
COUNTED = 1000


@dataclass(frozen=True)
class Filters:
    """What a list shows; None and empty mean all. `labels` are names, `post` is a post's id.

    What is snoozed is not shown, unless it is asked for (`snoozed`), or nothing is said of states.
    """

    states: frozenset[str] = frozenset()
    channel_ids: frozenset[UUID] = frozenset()
    kinds: frozenset[str] = frozenset()
    assignee: UUID | Literal["me", "nobody"] | None = None
    labels: frozenset[str] = frozenset()
    priority: int | None = None
    language: str = ""
    snoozed: bool = False
    waiting: bool = False
    due: Literal["", "late", "hour", "day"] = ""
    due_first: bool = False
    text: str = ""
    post: UUID | None = None
    person: UUID | None = None


def condition_of(filters: Filters, user_id: UUID) -> Q:
    """A condition on conversations."""
    wanted = Q()
    if filters.states:
        wanted &= Q(state__in=sorted(filters.states))
    if filters.snoozed:
        wanted &= Q(snoozed_until__gt=Now())
    elif filters.states:
        wanted &= Q(snoozed_until=None) | Q(snoozed_until__lte=Now())
    if filters.channel_ids:
        wanted &= Q(channel_id__in=sorted(filters.channel_ids))
    if filters.kinds:
        wanted &= Q(kind__in=sorted(filters.kinds))
    if filters.assignee == "nobody":
        wanted &= Q(assignee=None)
    elif filters.assignee is not None:
        wanted &= Q(assignee_id=user_id if filters.assignee == "me" else filters.assignee)
    for name in sorted(filters.labels):
        wanted &= Q(Exists(ConversationLabel.objects.filter(conversation=OuterRef("pk"), label__name=name)))
    if filters.priority is not None:
        wanted &= Q(priority=filters.priority)
    if filters.language:
        wanted &= Q(language=filters.language)
    if filters.waiting:
        wanted &= Q(waiting_since__isnull=False)
    if filters.due:
        wanted &= Q(due_at__lte=Now() + Value(DUE_WITHIN[filters.due]))
    if filters.text.strip():
        wanted &= having_words(filters.text)
    if filters.post is not None:
        wanted &= Q(publication__delivery__subject_id=filters.post)
    if filters.person is not None:
        wanted &= Q(handle__person_id=filters.person)
    return wanted


def list_conversations(filters: Filters, user_id: UUID) -> QuerySet[Conversation]:
    """Newest first, or what is due first; channel, handle, assignee, `label_names` and `promises` come with them."""
    rows = Conversation.objects.filter(condition_of(filters, user_id))
    return describe_rows(rows).order_by(*order_of(filters))


def order_of(filters: Filters) -> tuple[str, ...]:
    """How a list is ordered."""
    return DUE_ORDER if filters.due_first else ORDER


def describe_rows(rows: QuerySet[Conversation]) -> QuerySet[Conversation]:
    """With what is shown of each: channel, handle, assignee, `label_names` and open `promises`, in one statement."""
    labels = ConversationLabel.objects.filter(conversation=OuterRef("pk")).order_by("label__name")
    shown = describe_promises(rows).select_related("channel", "handle", "assignee")
    return shown.annotate(label_names=ArraySubquery(labels.values("label__name")))


def describe_promises(rows: QuerySet[Conversation]) -> QuerySet[Conversation]:
    """With what is promised of each and still open (`promises`), in one statement."""
    open_ones = AnswerWait.objects.filter(conversation=OuterRef("pk"), ended_at=None, due_at__isnull=False)
    promise = JSONObject(measure=F("measure"), due_at=F("due_at"), pauses=F("pauses"))
    return rows.annotate(promises=ArraySubquery(open_ones.order_by("due_at", "measure").values(promise=promise)))


def list_promises(row: Conversation) -> list[tuple[str, datetime]]:
    """What is promised of a conversation that came with `promises`, and until when, the first that is due first."""
    told: list[Mapping[str, Any]] = row.promises  # type: ignore[attr-defined]  # the query brings them
    return [(each["measure"], datetime.fromisoformat(each["due_at"])) for each in told]


def page_conversations(filters: Filters, user_id: UUID, cursor: str = "", limit: int = PAGE) -> Page[Conversation]:
    """The same in pages. Raises Refused for a cursor that is none."""
    return cut_page(list_conversations(filters, user_id), order_of(filters), cursor, limit)


def list_chosen(filters: Filters, user_id: UUID, conversation_ids: Collection[UUID]) -> list[Conversation]:
    """Those of some conversations that a list would show."""
    return list(list_conversations(filters, user_id).filter(id__in=conversation_ids))


def has_conversations() -> bool:
    """Whether anybody ever wrote to the workspace."""
    return Conversation.objects.exists()


def count_conversations(views: Sequence[Filters], user_id: UUID) -> list[int]:
    """How many each of the lists has, in one statement; what has more than `COUNTED` says that number, for the whole of
    a large inbox is counted on no page."""
    if not views:
        return []
    parts: list[str] = []
    values: list[Any] = []
    for filters in views:
        rows = Conversation.objects.filter(condition_of(filters, user_id)).order_by().values("pk")[:COUNTED]
        sql, given = rows.query.sql_with_params()
        parts.append(f"(SELECT count(*) FROM ({sql}) AS counted)")  # noqa: S608 - the ORM's own statement
        values.extend(given)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", values)
        return list(cursor.fetchone())


def get_conversation(conversation_id: UUID) -> Conversation:
    """With channel, handle, person, assignee, publication and `label_names`; or NotFound."""
    rows = describe_rows(Conversation.objects.filter(id=conversation_id))
    conversation = rows.select_related(
        "channel", "handle__person", "assignee", "publication__delivery", "snoozed_by", "draft_reply", "remind_by"
    ).first()
    if conversation is None:
        raise NotFound(NOT_FOUND)
    return conversation


def list_messages(conversation_id: UUID) -> list[Message]:
    """All that was said and noted, in order, with authors and earlier words."""
    versions = Prefetch("versions", MessageVersion.objects.order_by("at", "id"))
    rows = Message.objects.filter(conversation_id=conversation_id).select_related("handle", "author")
    return list(rows.prefetch_related(versions).order_by("at", "id"))


def list_events(conversation_id: UUID) -> list[ConversationEvent]:
    """What was done to it, the oldest first."""
    rows = ConversationEvent.objects.filter(conversation_id=conversation_id).select_related("actor")
    return list(rows.order_by("at", "id"))


def page_events(conversation_id: UUID, cursor: str = "", limit: int = PAGE) -> Page[ConversationEvent]:
    """The same in pages, the newest first."""
    rows = ConversationEvent.objects.filter(conversation_id=conversation_id).select_related("actor")
    return cut_page(rows, ("-at", "-id"), cursor, limit)


def count_events(event_ids: Collection[UUID]) -> int:
    """How many of these lines are there."""
    return ConversationEvent.objects.filter(id__in=event_ids).count()


def list_earlier(conversation: Conversation, most: int = 20) -> list[Conversation]:
    """Of the same person, on all channels, the newest first."""
    if conversation.handle is None:
        return []
    theirs = Conversation.objects.filter(handle__person_id=conversation.handle.person_id)
    return list(describe_rows(theirs).exclude(id=conversation.id).order_by(*ORDER)[:most])


def list_siblings(conversation: Conversation, most: int = 50) -> list[Conversation]:
    """Other threads under the same post, the newest first."""
    if not conversation.post_ref:
        return []
    rows = Conversation.objects.filter(channel_id=conversation.channel_id, post_ref=conversation.post_ref)
    return list(describe_rows(rows).exclude(id=conversation.id).order_by(*ORDER)[:most])


@dataclass(frozen=True)
class StreamStanding:
    """Until when a stream of a channel is complete, and how far back it goes."""

    channel: Channel
    stream: str
    complete_until: datetime | None
    reaches_back: datetime | None
    backlog: bool
    problem: dict[str, Any] | None


def list_streams() -> list[StreamStanding]:
    """Every stream that is read, by channel, in one query."""
    rows = Poll.objects.filter(what__startswith=PREFIX, channel__disconnected_at=None).select_related("channel")
    return [
        StreamStanding(
            row.channel,
            row.what.removeprefix(PREFIX),
            getattr(row, "complete_until", None) or row.read_at,
            getattr(row, "reaches_back", None),
            bool(getattr(row, "backlog", False)),
            row.problem,
        )
        for row in rows.order_by(*channel_order("channel__"), "what")
        if find_reader(CONNECTORS.get(row.channel.network)) is not None
    ]
