"""Not sending after all, in the transaction of whatever forbids it.

The deliveries are locked before anything of the inbox (`kernel/locks`), so a call to the network has either begun by
then or never begins. What has begun is only not repeated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet

from kaja.delivery.models import OPEN_STATES, Delivery
from kaja.delivery.planning import is_stoppable, list_called, save_changed, take_out
from kaja.inbox.live import INBOX
from kaja.inbox.privately.models import PrivateSending, SendingState
from kaja.inbox.privately.questions import fetch_asked, find_stops
from kaja.kernel.locks import lock
from kaja.kernel.problems import Problem, render_problem
from kaja.kernel.signals import notify_live
from kaja.kernel.tenancy import entered_workspace_id

PRIVATE = "private"
"""The kind of source that a sending is."""


@dataclass(frozen=True)
class Held:
    """Sendings that something may forbid, and their deliveries, locked."""

    ids: Sequence[UUID]
    deliveries: Sequence[Delivery]


def hold_open(about: Q) -> Held | None:
    """Lock what is still to go out and may be forbidden by what the caller is about to write; before the caller locks
    anything of the inbox. None where there is nothing, which one cheap statement says."""
    if not PrivateSending.objects.filter(open=True).exists():
        return None
    return _hold(PrivateSending.objects.filter(about))


def _hold(rows: QuerySet[PrivateSending]) -> Held | None:
    found = set(rows.filter(open=True).values_list("id", "public_key"))
    if not found:
        return None
    sources = {each for pair in found for each in pair if each is not None}
    open_ones = Delivery.objects.filter(source_kind=PRIVATE, source_id__in=sources, state__in=OPEN_STATES)
    return Held(sorted(sending_id for sending_id, _ in found), list(lock(open_ones)))


def settle_held(held: Held | None) -> None:
    """Ask again of what was held, and stop what may not go any more. In the same transaction, when all is written."""
    if held is None:
        return
    rows = list(fetch_asked(lock(PrivateSending.objects.filter(id__in=held.ids, open=True))))
    problems = find_stops([row for row in rows if row.state != SendingState.SENT])
    problems |= find_stops([row for row in rows if row.state == SendingState.SENT], public=True)
    _stop(rows, held.deliveries, problems)


def stop(sendings: QuerySet[PrivateSending], problem: Problem) -> list[PrivateSending]:
    """Stop what of these is still to go out; gives those that were."""
    held = _hold(sendings)
    if held is None:
        return []
    rows = list(lock(PrivateSending.objects.filter(id__in=held.ids, open=True)))
    return _stop(rows, held.deliveries, {row.id: problem for row in rows})


def _stop(
    rows: Sequence[PrivateSending], deliveries: Sequence[Delivery], problems: Mapping[UUID, Problem]
) -> list[PrivateSending]:
    called = list_called(deliveries)
    by_source = {delivery.source_id: delivery for delivery in deliveries}
    stopped, changed = [], []
    for row in rows:
        problem = problems.get(row.id)
        key = row.public_key if row.state == SendingState.SENT else row.id
        delivery = by_source.get(key) if key is not None else None
        if problem is None or delivery is None:
            continue  # nothing forbids it, or it has ended and is not told yet
        delivery.allowed = False
        if take_out(delivery, problem, stoppable=is_stoppable(delivery, called)):
            mark_stopped(row, problem)
            stopped.append(row)
        changed.append(delivery)
    save_changed(changed)
    PrivateSending.objects.bulk_update(stopped, ["state", "problem", "public_problem", "open"])
    if stopped:
        notify_live(entered_workspace_id(), INBOX)
    return stopped


def mark_stopped(row: PrivateSending, problem: Problem) -> None:
    """Its line says so. Not saved."""
    row.open = False
    if row.state == SendingState.SENT:
        row.public_problem = render_problem(problem)
    else:
        row.state, row.problem = SendingState.STOPPED, render_problem(problem)
