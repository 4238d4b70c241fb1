"""Taking steps back: as far as nobody has changed the same since."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from django.db import transaction

from kaja.content.models import Label
from kaja.inbox.actions.changing import (
    CHANGED,
    FIELDS,
    SAVED,
    Done,
    keep_lines,
    lock_conversations,
    make_line,
    put_values,
    values_of,
)
from kaja.inbox.models import Conversation, ConversationEvent, ConversationLabel
from kaja.inbox.writing import write_rows
from kaja.kernel.clock import now
from kaja.kernel.problems import Conflict
from kaja.workspaces.actor import Actor

Labelled = tuple[UUID, UUID]
"""A conversation and a label."""


@transaction.atomic
def undo(actor: Actor, event_ids: Collection[UUID]) -> Done:
    """Take back what these lines say was done, of many conversations in one step; gives the lines of that, which can be
    taken back in turn. What somebody changed since stays as it is, and is in `stale`. Raises Conflict where that is
    all of it."""
    lines = list(ConversationEvent.objects.filter(id__in=event_ids).order_by("-version", "-id"))
    rows = {row.id: row for row in lock_conversations(actor, {line.conversation_id for line in lines})}
    names = _names_in(lines)
    labels = dict(Label.objects.filter(name__in=names).values_list("name", "id")) if names else {}
    before = _find_labelled(rows, labels)
    there = set(before)
    back: list[ConversationEvent] = []
    stale: set[UUID] = set()
    for line in lines:
        row = rows[line.conversation_id]
        if line.undone_at is not None:
            continue
        done = _relabel(row, line, labels, there) if line.what == "label" else _put_back(row, line)
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
    write_rows(list(rows.values()), SAVED)
    _save_labelled(rows, before, there)
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


def _find_labelled(rows: Mapping[UUID, Conversation], labels: Mapping[str, UUID]) -> dict[Labelled, UUID]:
    """Which of these conversations have which of these labels, and the ids of what says so."""
    if not labels:
        return {}
    found = ConversationLabel.objects.filter(conversation_id__in=rows, label_id__in=labels.values())
    return {(row.conversation_id, row.label_id): row.id for row in found}


def _save_labelled(rows: Mapping[UUID, Conversation], before: Mapping[Labelled, UUID], there: set[Labelled]) -> None:
    if gone := [before[each] for each in before if each not in there]:
        ConversationLabel.objects.filter(id__in=gone).delete()
    ConversationLabel.objects.bulk_create(
        ConversationLabel(workspace_id=rows[row_id].workspace_id, conversation_id=row_id, label_id=label_id)
        for row_id, label_id in sorted(there - set(before))
    )


def _relabel(row: Conversation, line: ConversationEvent, labels: Mapping[str, UUID], there: set[Labelled]) -> bool:
    """Whether what the step did to a label still is so; `there` is brought to what it was before."""
    label_id = labels.get(str(line.after.get("label") or line.before.get("label") or ""))
    if label_id is None or ((row.id, label_id) in there) != ("label" in line.after):
        return False
    there ^= {(row.id, label_id)}
    return True
