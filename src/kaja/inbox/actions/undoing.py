"""Taking steps back: as far as nobody has changed the same since."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db import transaction

from kaja.content.models import Label
from kaja.inbox.actions.changing import (
    CHANGED,
    FIELDS,
    Done,
    keep_lines,
    lock_conversations,
    make_line,
    put_values,
    values_of,
)
from kaja.inbox.models import Conversation, ConversationEvent, ConversationLabel
from kaja.kernel.clock import now
from kaja.kernel.problems import Conflict
from kaja.workspaces.actor import Actor


@transaction.atomic
def undo(actor: Actor, event_ids: Collection[UUID]) -> Done:
    """Take back what these lines say was done, of many conversations in one step; gives the lines of that, which can be
    taken back in turn. What somebody changed since stays as it is, and is in `stale`. Raises Conflict where that is
    all of it."""
    lines = list(ConversationEvent.objects.filter(id__in=event_ids).order_by("-version", "-id"))
    rows = {row.id: row for row in lock_conversations(actor, {line.conversation_id for line in lines})}
    labels = {label.name: label for label in Label.objects.filter(name__in=_names_in(lines))} if lines else {}
    back: list[ConversationEvent] = []
    stale: set[UUID] = set()
    for line in lines:
        row = rows[line.conversation_id]
        if line.undone_at is not None:
            continue
        done = _relabel(row, line, labels) if line.what == "label" else _put_back(row, line)
        if not done:
            stale.add(row.id)
            continue
        line.undone_at = now()
        row.version += 1
        back.append(make_line(actor, row, line.what, line.after, line.before))
    if stale and not back:
        raise Conflict(CHANGED)
    if not back:
        return Done(())
    Conversation.objects.bulk_update(list(rows.values()), [*FIELDS, "version"])
    ConversationEvent.objects.bulk_update([line for line in lines if line.undone_at], ["undone_at"])
    return keep_lines(actor, back, tuple(sorted(stale)))


def _put_back(row: Conversation, line: ConversationEvent) -> bool:
    """Whether the row was as the step had left it. The moment of a person's word is not asked: it is only a trace."""
    left: dict[str, Any] = {
        name: value for name, value in line.after.items() if name in FIELDS and name != "touched_at"
    }
    if not left or values_of(row, left) != left:
        return False
    put_values(row, {name: value for name, value in line.before.items() if name in FIELDS})
    return True


def _names_in(lines: Collection[ConversationEvent]) -> set[str]:
    return {str(side["label"]) for line in lines for side in (line.before, line.after) if "label" in side}


def _relabel(row: Conversation, line: ConversationEvent, labels: dict[str, Label]) -> bool:
    name = str(line.after.get("label") or line.before.get("label") or "")
    if name not in labels:
        return False
    there = ConversationLabel.objects.filter(conversation=row, label=labels[name])
    if "label" in line.after:
        return there.delete()[0] > 0
    if there.exists():
        return False
    ConversationLabel.objects.create(workspace_id=row.workspace_id, conversation=row, label=labels[name])
    return True
