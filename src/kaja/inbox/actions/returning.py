"""Conversations that come back at their moment."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from kaja.inbox.actions.changing import change_rows, lock_conversations, path_of
from kaja.inbox.models import WORKED, Conversation, ConversationState
from kaja.kernel.clock import now
from kaja.kernel.problems import gettext_noop
from kaja.workspaces import notices
from kaja.workspaces.actor import Actor

BACK = gettext_noop("A conversation is back in the inbox: “%(excerpt)s”")
NO_ANSWER = gettext_noop("Nobody has answered yet: “%(excerpt)s”")
TASK_DUE = gettext_noop("A task is due: %(task)s (“%(excerpt)s”)")
CLOCK = Actor("system", "clock", "clock", frozenset({"view", "answer"}))


def bring_back(conversation_ids: Collection[UUID], until: datetime) -> None:
    """End a snooze: only of those that are snoozed until this very moment, for another snooze has a job of its own."""
    rows = [row for row in _lock_there(conversation_ids) if row.snoozed_until == until]
    whom = {row.id: row.snoozed_by_id for row in rows}
    values = {"snoozed_until": None, "snoozed_by": None}
    change_rows(CLOCK, "snooze", [(row, values | _opened(row)) for row in rows], by="clock")
    _tell(rows, whom, "inbox.back", BACK)


def remind_of(conversation_ids: Collection[UUID], at: datetime) -> None:
    """Open what the audience left without an answer: what came in has taken the reminder off."""
    rows = [row for row in _lock_there(conversation_ids) if row.remind_at == at]
    whom = {row.id: row.remind_by_id for row in rows}
    tasks = {row.id: row.remind_text for row in rows if row.remind_text}
    values = {"remind_at": None, "remind_by": None, "remind_text": "", "snoozed_until": None, "snoozed_by": None}
    change_rows(CLOCK, "remind", [(row, values | _opened(row)) for row in rows], by="clock")
    _tell([row for row in rows if row.id not in tasks], whom, "inbox.reminder", NO_ANSWER)
    _tell([row for row in rows if row.id in tasks], whom, "inbox.task", TASK_DUE, tasks)


def _lock_there(conversation_ids: Collection[UUID]) -> list[Conversation]:
    there = Conversation.objects.filter(id__in=conversation_ids).values_list("id", flat=True)
    return lock_conversations(CLOCK, list(there))


def _opened(row: Conversation) -> dict[str, object]:
    """It is to be worked again, unless it is so or is settled."""
    if row.state in WORKED or row.state == ConversationState.SPAM:
        return {}
    return {"state": str(ConversationState.OPEN), "by_hand": True, "touched_at": now().isoformat()}


def _tell(
    rows: Collection[Conversation],
    whom: dict[UUID, UUID | None],
    kind: str,
    message: str,
    tasks: Mapping[UUID, str] | None = None,
) -> None:
    for row in rows:
        people = {whom[row.id] or row.assignee_id} - {None}
        if people:
            notices.tell_members(
                kind,
                message,
                {"excerpt": row.excerpt[:60] or "…"} | ({"task": tasks[row.id]} if tasks else {}),
                path=path_of(row),
                user_ids=[each for each in people if each],
            )
