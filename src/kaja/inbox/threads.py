"""Reading one thread for the screen: its messages in pages, what became of our answers, whose pictures they are.

Pages of a team's tool are opened all day: what a page needs of a message comes in one statement with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import JSONObject

from kaja.delivery.models import Delivery
from kaja.inbox.models import Conversation, ConversationState, Handle, Message, MessageVersion
from kaja.inbox.refusals import MESSAGE_UNKNOWN
from kaja.kernel.pages import cut_page
from kaja.kernel.problems import NotFound

SHOWN = 100
"""Messages of a page of a thread."""
MOST_RELATED = 30


@dataclass(frozen=True)
class Sending:
    """How an answer of ours stands in the outbox."""

    id: UUID
    state: str
    needs_person: bool
    problem: Mapping[str, Any] | None
    candidates: Sequence[Mapping[str, Any]]
    due_at: datetime
    remote_url: str


@dataclass(frozen=True)
class Told:
    """A message with its earlier words, the newest first, and with its delivery where it is an answer from here."""

    message: Message
    earlier: Sequence[str]
    sending: Sending | None


@dataclass(frozen=True)
class ThreadPage:
    """A piece of a thread in the order in which it was said, and where the piece before it begins."""

    told: Sequence[Told]
    before: str


def page_messages(conversation: Conversation, before: str = "", limit: int = SHOWN) -> ThreadPage:
    """The newest messages, or those before a cursor; one statement. Raises Refused for a cursor that is none."""
    page = cut_page(_with_words().filter(conversation=conversation), ("-at", "-id"), before, limit)
    told = []
    for message in sorted(page.rows, key=lambda each: (each.at, each.id)):
        message.conversation, message.channel = conversation, conversation.channel
        told.append(_told(message))
    return ThreadPage(told, page.next_cursor)


def get_told(message_id: UUID) -> Told:
    """One message, with its channel. Raises NotFound."""
    message = _with_words().select_related("channel").filter(id=message_id).first()
    if message is None:
        raise NotFound(MESSAGE_UNKNOWN)
    return _told(message)


def _with_words() -> QuerySet[Message]:
    words = MessageVersion.objects.filter(message_id=OuterRef("pk")).order_by("-until", "-id").values("text")
    delivery = Delivery.objects.filter(id=OuterRef("delivery_id")).values(
        told=JSONObject(
            id=F("id"), state=F("state"), needs_person=F("needs_person"), problem=F("problem"),
            candidates=F("candidates"), due_at=F("due_at"), remote_url=F("remote_url"),
        )
    )  # fmt: skip
    rows = Message.objects.select_related("handle", "author")
    return rows.annotate(earlier_words=ArraySubquery(words), told_delivery=Subquery(delivery))


def _told(message: Message) -> Told:
    return Told(message, message.earlier_words, _sending_of(message.told_delivery))  # type: ignore[attr-defined]


def _sending_of(row: Mapping[str, Any] | None) -> Sending | None:
    if row is None:
        return None
    return Sending(
        id=UUID(row["id"]),
        state=row["state"],
        needs_person=row["needs_person"],
        problem=row["problem"],
        candidates=row["candidates"],
        due_at=datetime.fromisoformat(row["due_at"]),
        remote_url=row["remote_url"],
    )


@dataclass(frozen=True)
class UnderPost:
    """Our post that a conversation stands under, as it was sent."""

    id: UUID
    text: str


def find_post(conversation: Conversation) -> UnderPost | None:
    """Our post that a conversation stands under; None where it is somebody else's, or was written elsewhere."""
    publication = conversation.publication
    if publication is None or publication.delivery.subject_id is None:
        return None
    return UnderPost(publication.delivery.subject_id, str(publication.sent.get("text", ""))[:500])


@dataclass(frozen=True)
class Related:
    """What stands around a conversation: others of the same person, and others under the same post."""

    earlier: Sequence[Conversation]
    siblings: Sequence[Conversation]
    handles: Sequence[Handle]
    """Of the person, as far as they stand in these."""


def list_related(conversation: Conversation) -> Related:
    """The newest of both, in one statement."""
    handle = conversation.handle
    theirs = Q(handle__person_id=handle.person_id) if handle else Q(pk=None)
    under = (
        Q(channel_id=conversation.channel_id, post_ref=conversation.post_ref) if conversation.post_ref else Q(pk=None)
    )
    rows = Conversation.objects.filter(theirs | under).exclude(id=conversation.id).select_related("channel", "handle")
    found = list(rows.order_by("-last_at", "-id")[: 2 * MOST_RELATED])
    person = handle.person_id if handle else None
    earlier = [row for row in found if row.handle and row.handle.person_id == person]
    siblings = [
        row
        for row in found
        if conversation.post_ref and (row.channel_id, row.post_ref) == (conversation.channel_id, conversation.post_ref)
    ]
    handles = {row.handle.id: row.handle for row in earlier if row.handle} | ({handle.id: handle} if handle else {})
    return Related(
        earlier[:MOST_RELATED],
        siblings[:MOST_RELATED],
        sorted(handles.values(), key=lambda each: (each.network, each.handle)),
    )


def find_handle(handle_id: UUID) -> Handle | None:
    """Somebody who wrote to this workspace."""
    return Handle.objects.filter(id=handle_id).first()


def find_message(message_id: UUID) -> Message | None:
    """A message of this workspace, with its channel."""
    return Message.objects.select_related("channel").filter(id=message_id).first()


def list_new() -> QuerySet[Conversation]:
    """What nobody has touched yet, for counting together with other things."""
    return Conversation.objects.filter(state=ConversationState.NEW, snoozed_until=None)
