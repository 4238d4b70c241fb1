"""Changing rows of conversations, each with its line, in as many statements as for one."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from kaja.inbox.live import tell_conversations
from kaja.inbox.models import Conversation, ConversationEvent, ConversationState
from kaja.inbox.queries import NOT_FOUND
from kaja.inbox.writing import write_rows
from kaja.kernel.clock import now
from kaja.kernel.locks import lock
from kaja.kernel.problems import Conflict, NotFound, Problem, gettext_noop
from kaja.workspaces import audit, policy
from kaja.workspaces.actor import Actor
from kaja.workspaces.policy import Permission

CHANGED = Problem(
    code="conversation_changed_meanwhile",
    message=gettext_noop("Somebody else changed this meanwhile; nothing of yours was done."),
    fix=gettext_noop("Look at what it is now, and do it again if you still want to."),
)
MOMENTS = {"snoozed_until", "remind_at", "touched_at"}
THINGS = {"assignee", "snoozed_by", "remind_by", "draft_reply"}
"""Whose ids are kept."""
FIELDS = (
    "state",
    "by_hand",
    "touched_at",
    "assignee",
    "priority",
    "snoozed_until",
    "snoozed_by",
    "remind_at",
    "remind_by",
    "remind_text",
    "draft_reply",
    "draft_by",
)
"""What steps change of a row; a line says of each what it was and what it became."""
SAVED = (*FIELDS, "version")
Values = dict[str, Any]


@dataclass(frozen=True)
class Done:
    """A step that was done: its lines are what `undo` takes back. `stale`: conversations that were left as they are,
    because somebody else changed the same meanwhile."""

    events: tuple[UUID, ...]
    changed: tuple[UUID, ...] = ()
    stale: tuple[UUID, ...] = ()


def values_of(row: Conversation, names: Iterable[str]) -> Values:
    """As they stand in a line: JSON values only."""
    return {name: _plain(row, name) for name in names}


def _plain(row: Conversation, name: str) -> Any:
    if name in THINGS:
        thing = getattr(row, f"{name}_id")
        return str(thing) if thing else None
    value = getattr(row, name)
    if name in MOMENTS:
        return value.isoformat() if value else None
    return str(value) if name == "state" else value


def put_values(row: Conversation, values: Mapping[str, Any]) -> None:
    """The inverse of `values_of`."""
    for name, value in values.items():
        if name in THINGS:
            setattr(row, f"{name}_id", UUID(value) if value else None)
        elif name in MOMENTS:
            setattr(row, name, datetime.fromisoformat(value) if value else None)
        else:
            setattr(row, name, ConversationState(value) if name == "state" else value)


def lock_conversations(actor: Actor, conversation_ids: Collection[UUID]) -> list[Conversation]:
    """The rows, for somebody who may work them. Raises NotFound where one is not of this workspace."""
    policy.require(actor, Permission.ANSWER)
    wanted = set(conversation_ids)
    rows = list(lock(Conversation.objects.filter(id__in=wanted)))
    if len(rows) < len(wanted):
        raise NotFound(NOT_FOUND)
    return rows


def leave_stale(
    actor: Actor, rows: list[Conversation], what: str, seen: Mapping[UUID, int] | None
) -> tuple[list[Conversation], tuple[UUID, ...]]:
    """Those of which nobody else changed the same since they were seen, and the others. `seen`: versions by id; None:
    look at nothing. What somebody did themselves, in another window or a moment ago, is no surprise to them. Raises
    Conflict where that leaves none."""
    if not seen:
        return rows, ()
    behind = [row.id for row in rows if row.version > seen.get(row.id, row.version)]
    if not behind:
        return rows, ()
    lines = ConversationEvent.objects.filter(conversation_id__in=behind, what=what)
    if actor.user_id:
        lines = lines.exclude(actor_id=actor.user_id)
    stale = {line.conversation_id for line in lines if line.version > seen[line.conversation_id]}
    left = [row for row in rows if row.id not in stale]
    if stale and not left:
        raise Conflict(CHANGED)
    return left, tuple(sorted(stale))


def change_rows(
    actor: Actor,
    what: str,
    wanted: Iterable[tuple[Conversation, Values]],
    *,
    by: str = "",
    stale: tuple[UUID, ...] = (),
) -> Done:
    """Give each row its values; what stands there already is no change. Writes lines, the log, and tells open pages."""
    lines: list[ConversationEvent] = []
    rows: list[Conversation] = []
    for row, values in wanted:
        before = {name: value for name, value in values_of(row, values).items() if value != values[name]}
        if not before:
            continue
        after = {name: values[name] for name in before}
        put_values(row, after)
        row.version += 1
        rows.append(row)
        lines.append(make_line(actor, row, what, before, after, by))
    if not rows:
        return Done((), stale=stale)
    write_rows(rows, SAVED)
    return keep_lines(actor, lines, stale)


def make_line(
    actor: Actor, row: Conversation, what: str, before: Values, after: Values, by: str = ""
) -> ConversationEvent:
    """A line of a conversation's time line, not yet saved."""
    who = by or ("" if actor.user_id else actor.name)
    return ConversationEvent(
        workspace_id=row.workspace_id, conversation=row, what=what, before=before, after=after, actor_id=actor.user_id,
        by=who, version=row.version, at=now(),
    )  # fmt: skip


def keep_lines(actor: Actor, lines: list[ConversationEvent], stale: tuple[UUID, ...] = ()) -> Done:
    """Save the lines, with an entry each in the log."""
    ConversationEvent.objects.bulk_create(lines)
    for what in dict.fromkeys(line.what for line in lines):
        same = [(line.conversation, line.before, line.after) for line in lines if line.what == what]
        audit.record_each(actor, f"conversation.{what}", same)
    changed = tuple(line.conversation_id for line in lines)
    tell_conversations(changed)
    return Done(tuple(line.id for line in lines), changed, stale)


def path_of(row: Conversation) -> str:
    """Where it is shown, below the workspace's address."""
    return f"inbox/{row.id}/"
