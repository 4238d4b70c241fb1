"""Working conversations: each step is one transaction, for one or many of them, and can be taken back as one."""

from kaja.inbox.actions.changing import Done
from kaja.inbox.actions.notes import add_note
from kaja.inbox.actions.steps import (
    add_label,
    assign,
    plan_task,
    propose_draft,
    remind,
    remove_label,
    set_priority,
    set_state,
    snooze,
)
from kaja.inbox.actions.undoing import undo

__all__ = [
    "Done",
    "add_label",
    "add_note",
    "assign",
    "plan_task",
    "propose_draft",
    "remind",
    "remove_label",
    "set_priority",
    "set_state",
    "snooze",
    "undo",
]
