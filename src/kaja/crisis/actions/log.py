"""The log of a crisis: lines are added, and never changed."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from kaja.crisis.models import Crisis, LogLine
from kaja.crisis.queries import GONE
from kaja.inbox.forms import clean_text
from kaja.kernel.clock import now
from kaja.kernel.locks import lock
from kaja.kernel.problems import Conflict, NotFound, Problem, gettext_noop
from kaja.kernel.signals import notify_live
from kaja.workspaces.actor import Actor

OVER = Problem(
    code="crisis_over",
    message=gettext_noop("This crisis is over; what was decided in it stays as it is."),
    fix=gettext_noop("Start crisis mode again if it goes on."),
)


class What(StrEnum):
    """What a line is about. What each needs to be said is in its params."""

    START = "start"
    APPROVERS = "approvers"
    PAUSE = "pause"
    STOPPED = "stopped"
    AFFECTED = "affected"
    WRITTEN = "written"
    APPROVED = "approved"
    WITHDRAWN = "withdrawn"
    DECISION = "decision"
    POSTS = "posts"
    END = "end"


def write_line(actor: Actor, crisis: Crisis, what: What, text: str = "", **params: Any) -> LogLine:
    """Add a line, in the action's own transaction."""
    line = LogLine.objects.create(
        crisis=crisis, at=now(), name=actor.name[:150], what=what.value, text=text, params=params
    )
    notify_live(crisis.workspace_id, "crisis", crisis.id)
    return line


def lock_crisis(crisis_id: UUID) -> Crisis:
    """The crisis, locked; raises Conflict when it is over."""
    crisis = lock(Crisis.objects.filter(id=crisis_id)).first()
    if crisis is None:
        raise NotFound(GONE)
    if crisis.ended_at is not None:
        raise Conflict(OVER)
    return crisis


def clean_line(text: str, most: int) -> str:
    """One line of a person's words."""
    return " ".join(clean_text(text, most).split())
