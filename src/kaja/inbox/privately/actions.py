"""Making private replies, trying them on what came before, and switching them."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from kaja.inbox.live import INBOX
from kaja.inbox.models import Direction, Message
from kaja.inbox.privately import refusals
from kaja.inbox.privately.conditions import Wanted
from kaja.inbox.privately.forms import PrivateForm, mark_of
from kaja.inbox.privately.models import PrivateReply, PrivateSending
from kaja.inbox.privately.questions import is_for
from kaja.inbox.privately.stopping import stop
from kaja.kernel.clock import now
from kaja.kernel.locks import lock
from kaja.kernel.problems import NotFound, Refused, fill_params
from kaja.kernel.signals import notify_live
from kaja.kernel.tenancy import entered_workspace_id
from kaja.workspaces import audit, policy
from kaja.workspaces.actor import Actor

MOST = 50
TRIED, SHOWN = 1000, 20
"""How many of the newest messages it is tried against, and how many people are shown."""
PARTS = ("wanted", "said", "limits")


@transaction.atomic
def create_private(actor: Actor, form: PrivateForm) -> PrivateReply:
    """A new one, switched off until somebody has seen whom it would have answered."""
    policy.require(actor, policy.Permission.MANAGE)
    if PrivateReply.objects.count() >= MOST:
        raise Refused(fill_params(refusals.FULL, limit=MOST))
    if PrivateReply.objects.filter(name=form.name).exists():
        raise Refused(refusals.TAKEN)
    values = form.model_dump(mode="json")
    row = PrivateReply.objects.create(created_by_id=actor.user_id, **values)
    audit.record(actor, "inbox.private", row, {}, values)
    _tell()
    return row


@transaction.atomic
def update_private(actor: Actor, reply_id: UUID, form: PrivateForm) -> PrivateReply:
    """The same, otherwise. Where more than its name changed it is switched off, and what waits is stopped: it was
    written in the old words."""
    policy.require(actor, policy.Permission.MANAGE)
    values = form.model_dump(mode="json")
    if not _stands(reply_id, values):
        stop(PrivateSending.objects.filter(reply_id=reply_id), refusals.SWITCHED_OFF)
    row = _get(reply_id)
    if PrivateReply.objects.filter(name=form.name).exclude(id=reply_id).exists():
        raise Refused(refusals.TAKEN)
    before = {name: getattr(row, name) for name in values}
    if any(before[name] != values[name] for name in PARTS):
        row.on_since = None
    for name, value in values.items():
        setattr(row, name, value)
    row.save()
    audit.record(actor, "inbox.private", row, before, values)
    _tell()
    return row


def _stands(reply_id: UUID, values: dict[str, Any]) -> bool:
    row = PrivateReply.objects.filter(id=reply_id).first()
    return row is not None and all(getattr(row, name) == values[name] for name in PARTS)


@transaction.atomic
def switch_private(actor: Actor, reply_id: UUID, on: bool, *, tried: str = "") -> PrivateReply:
    """On: for what is written from now on, and only as it was tried (`mark_of`). Off: what waits is stopped too."""
    policy.require(actor, policy.Permission.MANAGE)
    if not on:
        stop(PrivateSending.objects.filter(reply_id=reply_id), refusals.SWITCHED_OFF)
    row = _get(reply_id)
    if on and tried != mark_of(row.wanted, row.said, row.limits):
        raise Refused(refusals.UNTRIED)
    if on != (row.on_since is not None):
        row.on_since = now() if on else None
        row.save(update_fields=["on_since"])
        audit.record(actor, "inbox.private", row, {"on": not on}, {"on": on})
    _tell()
    return row


@transaction.atomic
def delete_private(actor: Actor, reply_id: UUID) -> None:
    """What waits is stopped; the log stays."""
    policy.require(actor, policy.Permission.MANAGE)
    stop(PrivateSending.objects.filter(reply_id=reply_id), refusals.SWITCHED_OFF)
    row = _get(reply_id)
    audit.record(actor, "inbox.private", row, {"name": row.name}, {})
    row.delete()
    _tell()


@transaction.atomic
def stop_sendings(actor: Actor, sending_ids: Collection[UUID]) -> int:
    """Not to send what waits, one by one or many; gives how many were stopped. What has begun to go out is not."""
    policy.require(actor, policy.Permission.ANSWER)
    stopped = stop(PrivateSending.objects.filter(id__in=sending_ids), refusals.UNDONE)
    for row in stopped:
        audit.record(actor, "inbox.private_stop", row, {}, {"name": row.reply_name})
    return len(stopped)


def _get(reply_id: UUID) -> PrivateReply:
    row = lock(PrivateReply.objects.filter(id=reply_id)).first()
    if row is None:
        raise NotFound(refusals.GONE)
    return row


def _tell() -> None:
    notify_live(entered_workspace_id(), INBOX)


@dataclass(frozen=True)
class Tried:
    """Whom it would have answered: how many of the `asked` newest messages ask for it, of how many people, each once,
    and the newest of those."""

    asked: int
    matched: int
    people: int
    shown: tuple[Message, ...]


def try_private(wanted: Wanted) -> Tried:
    """One that need not be saved, against what came last. Changes nothing. Inside the workspace's scope."""
    rows = Message.objects.filter(direction=Direction.IN).select_related("handle", "conversation")
    messages = list(rows.order_by("-at", "-id")[:TRIED])
    found = [message for message in messages if is_for(wanted, message)]
    first: dict[UUID, Message] = {}
    for message in reversed(found):  # who asks twice is answered at the first
        if message.handle is not None:
            first.setdefault(message.handle.person_id, message)
    shown = sorted(first.values(), key=lambda each: (each.at, each.id), reverse=True)
    return Tried(len(messages), len(found), len(first), tuple(shown[:SHOWN]))
