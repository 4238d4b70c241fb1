"""How conversations stand, computed from their messages: the same messages always give the same, in whatever order they
came. What the team said by hand stands above that until somebody of the audience writes again."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from kaja.inbox.models import WORKED, Conversation, ConversationEvent, ConversationKind, ConversationState
from kaja.kernel.clock import now
from kaja.kernel.tenancy import entered_workspace_id

HISTORY = timedelta(days=7)
"""What was last written so long before its channel was connected is not to be worked: it begins as done."""
EXCERPT = 200
COMPUTED = (
    "kind", "handle", "state", "by_hand", "snoozed_until", "snoozed_by", "remind_at", "remind_by", "language",
    "excerpt", "messages_count", "first_in_at", "last_in_at", "last_out_at", "waiting_since", "last_at", "post_ref",
    "post_url", "publication",
)  # fmt: skip

# A message of ours that is not sent yet answers nothing. One that is gone did; one that was taken back was never said.
_FACTS = """
SELECT c.id, f.*, w.waiting_since, coalesce(n.text, ''), h.handle_id, coalesce(l.language, '')
FROM unnest(%(ids)s::uuid[]) AS c(id)
CROSS JOIN LATERAL (
    SELECT count(*) AS messages, min(at) FILTER (WHERE direction = 'in') AS first_in,
        max(at) FILTER (WHERE direction = 'in') AS last_in,
        max(at) FILTER (WHERE direction = 'out' AND remote_id <> '') AS last_out, max(at) AS last_at,
        bool_or(kind = 'direct') AS direct, bool_or(kind = 'review') AS review, bool_or(kind = 'comment') AS comment,
        bool_or(kind = 'mention') AS mention
    FROM inbox_message m WHERE m.conversation_id = c.id AND m.direction <> 'note'
      AND NOT (m.direction = 'out' AND m.state = 'deleted' AND m.remote_id = '')
) f
CROSS JOIN LATERAL (
    SELECT min(m.at) AS waiting_since FROM inbox_message m
    WHERE m.conversation_id = c.id AND m.direction = 'in' AND m.state <> 'deleted'
      AND (f.last_out IS NULL OR m.at > f.last_out)
) w
LEFT JOIN LATERAL (
    SELECT left(m.text, 1000) AS text FROM inbox_message m
    WHERE m.conversation_id = c.id AND m.direction <> 'note' AND m.state <> 'deleted'
    ORDER BY m.at DESC, m.remote_id COLLATE "C" DESC LIMIT 1
) n ON true
LEFT JOIN LATERAL (
    SELECT m.handle_id FROM inbox_message m WHERE m.conversation_id = c.id AND m.direction = 'in'
    ORDER BY m.at, m.remote_id COLLATE "C" LIMIT 1
) h ON true
LEFT JOIN LATERAL (
    SELECT m.language FROM inbox_message m
    WHERE m.conversation_id = c.id AND m.direction = 'in' AND m.language <> ''
    ORDER BY m.at DESC, m.remote_id COLLATE "C" DESC LIMIT 1
) l ON true
"""


@dataclass(frozen=True)
class Facts:
    """What a conversation's messages say of it."""

    messages: int
    first_in_at: datetime | None
    last_in_at: datetime | None
    last_out_at: datetime | None
    last_at: datetime | None
    kind: ConversationKind
    waiting_since: datetime | None
    text: str
    handle_id: UUID | None
    language: str


def fetch_facts(conversation_ids: Collection[UUID]) -> dict[UUID, Facts]:
    """Of many conversations, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, {"ids": list(conversation_ids)})
        rows = cursor.fetchall()
    return {
        row[0]: Facts(
            messages=row[1],
            first_in_at=row[2],
            last_in_at=row[3],
            last_out_at=row[4],
            last_at=row[5],
            kind=_kind_of(row[6], row[7], row[8], row[9]),
            waiting_since=row[10],
            text=row[11],
            handle_id=row[12],
            language=row[13],
        )
        for row in rows
    }


def _kind_of(direct: bool | None, review: bool | None, comment: bool | None, mention: bool | None) -> ConversationKind:
    if direct:
        return ConversationKind.DIRECT
    if review:
        return ConversationKind.REVIEW
    return ConversationKind.MENTION if mention and not comment else ConversationKind.COMMENTS


def state_of(facts: Facts, touched: bool, connected_at: datetime) -> ConversationState:
    """The state of a conversation about which nobody said anything."""
    if facts.waiting_since is not None and facts.last_in_at is not None:
        if facts.last_out_at is not None or touched:
            return ConversationState.OPEN
        return ConversationState.DONE if facts.last_in_at < connected_at - HISTORY else ConversationState.NEW
    if facts.last_out_at is not None and facts.first_in_at is not None:
        return ConversationState.WAITING
    return ConversationState.DONE  # nothing of theirs is there


def bring_up_to_date(
    rows: Collection[Conversation], connected_at: datetime, came: Collection[UUID] = ()
) -> list[ConversationEvent]:
    """Compute what follows from the messages, on rows that are locked; gives what is to be said of it in their time
    lines. `came`: of which conversations a message of the audience was not there before. Nothing is saved.

    Something that came makes a waiting or done conversation open and ends a snooze, unless it is older than our last
    answer. Spam stays spam.
    """
    facts = fetch_facts([row.id for row in rows])
    lines = []
    for row in rows:
        fact = facts[row.id]
        row.kind, row.messages_count = fact.kind, fact.messages
        row.first_in_at, row.last_in_at, row.last_out_at = fact.first_in_at, fact.last_in_at, fact.last_out_at
        row.waiting_since, row.handle_id, row.language = fact.waiting_since, fact.handle_id, fact.language
        row.last_at = fact.last_at or row.last_at
        row.excerpt = " ".join(fact.text.split())[:EXCERPT]
        before: dict[str, Any] = {}
        after: dict[str, Any] = {}
        if row.id in came and row.waiting_since is not None and row.state != ConversationState.SPAM:
            if row.snoozed_until is not None:
                before["snoozed_until"], after["snoozed_until"] = row.snoozed_until.isoformat(), None
                row.snoozed_until = row.snoozed_by = None
            if not row.remind_text:
                row.remind_at = row.remind_by = None
            if row.by_hand:
                before["state"], after["state"] = str(row.state), str(ConversationState.OPEN)
                row.by_hand = False
        if row.state in WORKED and row.touched_at and row.last_out_at and row.last_out_at > row.touched_at:
            row.by_hand = False  # opened again by hand, and answered since
        if not row.by_hand:
            row.state = state_of(fact, row.touched_at is not None, connected_at)
        if before != after:
            lines.append(_line(row, before, after))
    return lines


def save_up_to_date(rows: Collection[Conversation], connected_at: datetime) -> None:
    """The same, saved with its lines, where nobody of the audience wrote."""
    lines = bring_up_to_date(rows, connected_at)
    Conversation.objects.bulk_update(rows, COMPUTED)
    ConversationEvent.objects.bulk_create(lines)


def _line(row: Conversation, before: dict[str, Any], after: dict[str, Any]) -> ConversationEvent:
    return ConversationEvent(
        workspace_id=entered_workspace_id(), conversation=row, what="came", before=before, after=after, by="audience",
        at=now(),
    )  # fmt: skip
