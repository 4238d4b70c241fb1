"""What a source does to its rows: plan them, take them out, take them up again. Inside the source's own transaction,
with the rows locked.

The lock is what makes a promise of it: the statement that opens an irreversible call writes the same row and looks at
its fence, so the call has either begun already (`list_called`) or can never begin.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F

from kaja.channels.models import Channel
from kaja.delivery import problems
from kaja.delivery.models import Attempt, Delivery, State
from kaja.delivery.states import check_move
from kaja.kernel.clock import now
from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit.connector import can_stage_text
from kaja.networks.registry import CONNECTORS

AHEAD = timedelta(minutes=15)
"""How long before its time a message's files begin to go up."""
WAITS = (State.SCHEDULED, State.WAITING)
ENDED = (State.FAILED, State.MISSED, State.CANCELLED)
DROPPED = Problem("dropped", gettext_noop("Somebody decided not to send it."))
FIELDS = (
    "subject_id", "allowed", "in_bin", "kind", "after", "state", "due_at", "next_at", "fence", "lease_until", "stage",
    "checkpoint", "content", "version", "tries", "uncertain_since", "needs_person", "problem", "announce", "updated_at",
    "stages_ahead", "ahead_at", "ahead_until", "ahead_tries",
)  # fmt: skip
"""What planning changes of a delivery."""


def list_called(rows: Collection[Delivery]) -> set[UUID]:
    """Which of these locked rows cannot be stopped any more: they are being sent, and the irreversible call has begun.
    One statement, and none when nothing is being sent."""
    sending = [row.id for row in rows if row.state == State.SENDING]
    if not sending:
        return set()
    begun = Attempt.objects.filter(delivery_id__in=sending, irreversible=True, fence=F("delivery__fence"))
    return set(begun.values_list("delivery_id", flat=True))


def is_stoppable(row: Delivery, called: Collection[UUID]) -> bool:
    """Whether a worker only prepares to send it; `called` is what `list_called` said of it and others."""
    return row.state == State.SENDING and row.id not in called


def save_changed(rows: Sequence[Delivery]) -> None:
    """Write what planning changed, in one statement."""
    for row in rows:
        row.updated_at = now()
    if rows:
        Delivery.objects.bulk_update(rows, FIELDS)


def can_stage_ahead(channel: Channel, *, files: bool) -> bool:
    """Whether a message with or without files may have something to stage before its time; its connector says at the
    time which steps that are."""
    connector = CONNECTORS.get(channel.network)
    if connector is None or connector.publisher is None:
        return False
    return files or can_stage_text(connector.info, channel.facts.get("limits") or {})


def plan_ahead(row: Delivery) -> None:
    """Have staged what can be staged, `AHEAD` of the row's time; what follows another message has no time yet. Not
    saved."""
    wanted = row.stages_ahead and row.next_at is not None
    row.ahead_at = row.due_at - AHEAD if wanted else None
    row.ahead_until, row.ahead_tries = None, 0


def take_out(row: Delivery, problem: Problem = problems.WITHDRAWN, *, stoppable: bool = False) -> bool:
    """Take a delivery that has not begun out of the plan; True when it was one. Not saved.

    `stoppable`: it may also be taken from the worker that prepares to send it (`is_stoppable`).
    """
    if row.state not in WAITS and not stoppable:
        return False
    row.state = check_move(State(row.state), State.CANCELLED)
    row.next_at, row.needs_person, row.problem, row.lease_until = None, False, asdict(problem), None
    row.fence += 1
    plan_ahead(row)
    return True


def withdraw(row: Delivery, problem: Problem = problems.WITHDRAWN) -> bool:
    """The same, saved."""
    if not take_out(row, problem):
        return False
    row.save()
    return True


def reset(row: Delivery, due_at: datetime, next_at: datetime | None) -> None:
    """Plan it as if it had never been tried; its source is asked for the content again, and what was staged is left
    behind. A source that changed says `stages_ahead` anew before. Not saved.

    Only for states of which it is certain that nothing stands on the network, and for what is stoppable.
    """
    row.state = check_move(State(row.state), State.SCHEDULED, by_person=True)
    row.fence += 1
    row.due_at, row.next_at, row.allowed = due_at, next_at, True
    row.content, row.stage, row.checkpoint, row.problem = None, "", {}, None
    row.tries, row.needs_person, row.lease_until, row.uncertain_since, row.announce = 0, False, None, None, ""
    plan_ahead(row)
