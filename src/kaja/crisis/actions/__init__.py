"""All writes of crises. Every action runs inside an entered workspace scope, in one transaction."""

from kaja.crisis.actions.conversations import add_conversation, choose_affected, remove_conversation
from kaja.crisis.actions.deciding import choose_approvers, record_decision
from kaja.crisis.actions.ending import Choice, Ending, end_crisis
from kaja.crisis.actions.starting import CrisisForm, pause_planned, start_crisis
from kaja.crisis.actions.statements import approve_statement, delete_statement, withdraw_approval, write_statement

__all__ = [
    "Choice",
    "CrisisForm",
    "Ending",
    "add_conversation",
    "approve_statement",
    "choose_affected",
    "choose_approvers",
    "delete_statement",
    "end_crisis",
    "pause_planned",
    "record_decision",
    "remove_conversation",
    "start_crisis",
    "withdraw_approval",
    "write_statement",
]
