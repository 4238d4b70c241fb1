"""What became of a private reply on the network: its line says so, and the public answer follows."""

from uuid import UUID

from django.db.models import Q

from kaja.delivery.models import Delivery, Kind
from kaja.inbox.live import INBOX
from kaja.inbox.privately.models import PrivateSending, SendingState
from kaja.inbox.privately.planning import make_delivery
from kaja.inbox.privately.questions import fetch_asked, find_stops
from kaja.inbox.privately.stopping import mark_stopped
from kaja.kernel.clock import now
from kaja.kernel.ids import new_id
from kaja.kernel.locks import lock
from kaja.kernel.problems import Stored
from kaja.kernel.signals import notify_due, notify_live

CHANGED = ("state", "problem", "public_problem", "open", "sent_at", "public_key", "public_delivery_id")


def note_private_sent(delivery_id: UUID, source_id: UUID) -> None:
    """It stands on the network. Of the private one: now the public answer is planned, unless something forbids it by
    now. Repeating it changes nothing. Inside the workspace's scope."""
    row = _lock(source_id)
    if row is None:
        return
    if row.public_key == source_id:
        row.open = False
    elif row.state != SendingState.SENT:
        sent_at = Delivery.objects.values_list("sent_at", flat=True).filter(id=delivery_id).first()
        row.state, row.sent_at, row.problem, row.open = SendingState.SENT, sent_at or now(), None, False
        if row.public_text and row.answer.get("public"):
            problem = find_stops([row], public=True).get(row.id)
            if problem is not None:
                mark_stopped(row, problem)
            else:
                row.open, row.public_key, row.public_delivery_id = True, new_id(), new_id()
                make_delivery(row, row.public_delivery_id, row.public_key, Kind.REPLY, now())
                notify_due()
    row.save(update_fields=CHANGED)
    notify_live(row.workspace_id, INBOX)


def note_private_failed(source_id: UUID, problem: Stored | None) -> None:
    """It does not stand there, and nothing tries again by itself. Inside the workspace's scope."""
    row = _lock(source_id)
    if row is None or not row.open:
        return
    row.open = False
    if row.public_key == source_id:
        row.public_problem = problem
    else:
        row.state, row.problem = SendingState.FAILED, problem
    row.save(update_fields=CHANGED)
    notify_live(row.workspace_id, INBOX)


def _lock(source_id: UUID) -> PrivateSending | None:
    rows = PrivateSending.objects.filter(Q(id=source_id) | Q(public_key=source_id))
    return fetch_asked(lock(rows)).first()
