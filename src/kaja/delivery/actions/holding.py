"""Sending nothing until somebody has looked: after a restore, in a copy, after a jump of the clock.

A held workspace is a paused one that only a settlement resumes (`actions.settling`): the engine needs no other gate.
"""

from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef

from kaja.channels.models import Channel
from kaja.delivery.events import WorkspaceHeld
from kaja.delivery.models import Attempt, Delivery, Inventory, State
from kaja.delivery.planning import AHEAD
from kaja.delivery.problems import WORKER_GONE, render_problem
from kaja.kernel import events
from kaja.kernel.clock import now
from kaja.kernel.jobs import defer_once
from kaja.kernel.locks import lock
from kaja.kernel.place import find_place
from kaja.kernel.problems import gettext_noop
from kaja.kernel.signals import notify_due, notify_live
from kaja.kernel.tenancy import SystemPurpose, system_scope, workspace_scope
from kaja.workspaces import audit
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import Held, Instance, Workspace
from kaja.workspaces.notices import create_notice
from kaja.workspaces.policy import Permission

_TOLD = {
    Held.RESTORE: gettext_noop("A backup was restored. Nothing is sent until you have settled what was due since."),
    Held.COPY: gettext_noop(
        "Kaja runs at another place than before: moved, or copied. Nothing is sent until you have settled that."
    ),
    Held.CLOCK: gettext_noop("The clock of this server jumped. Nothing is sent until you have settled what is due."),
}


def hold_everything(actor: Actor, reason: Held, since: datetime) -> list[UUID]:
    """Hold every workspace that is not held yet, and have every channel looked at. `since`: the last time of which this
    database certainly knows everything. Gives the held workspaces; called outside a scope."""
    with system_scope(SystemPurpose.MAINTENANCE):
        ids = list(Workspace.objects.filter(held_at=None).values_list("id", flat=True))
    for workspace_id in ids:
        with workspace_scope(workspace_id), transaction.atomic():
            _hold(actor, workspace_id, reason, since)
    return ids


def _hold(actor: Actor, workspace_id: UUID, reason: Held, since: datetime) -> None:
    from kaja.delivery.jobs import look_after_hold

    workspace = lock(Workspace.objects.filter(id=workspace_id)).get()
    if workspace.held_at is not None:
        return
    workspace.held_at, workspace.held_reason, workspace.held_since = now(), reason, since
    workspace.paused_at = workspace.paused_at or workspace.held_at
    workspace.save(update_fields=["held_at", "held_reason", "held_since", "paused_at"])
    Inventory.objects.all().delete()
    if reason != Held.CLOCK:
        _end_calls()
    audit.record(actor, "workspace.hold", workspace, after={"reason": reason.value, "since": since.isoformat()})
    events.publish(WorkspaceHeld(reason.value))
    create_notice("workspace.held", _TOLD[reason], path="settle/", permission=Permission.MANAGE)
    for channel_id in Channel.objects.filter(disconnected_at=None).values_list("id", flat=True):
        turn = f"publishing.look:{channel_id}"
        defer_once(look_after_hold, turn, workspace=str(workspace_id), channel=str(channel_id))
    notify_live(workspace_id, "workspace")
    notify_due()


def _end_calls() -> None:
    """What was being sent when the backup or copy was made: nobody here makes that call, and whoever made it has gone
    on without this database. Left for a worker to take over, it would be seen only after the settlement, and sent."""
    moment = now()
    begun = Attempt.objects.filter(
        delivery=OuterRef("pk"), fence=OuterRef("fence"), irreversible=True, finished_at__isnull=True
    )
    rows = Delivery.objects.filter(state=State.SENDING)
    rows.filter(Exists(begun)).update(
        state=State.UNCERTAIN, fence=F("fence") + 1, lease_until=None, next_at=moment, uncertain_since=moment, tries=0,
        problem=render_problem(WORKER_GONE),
    )  # fmt: skip
    rows.update(state=State.WAITING, fence=F("fence") + 1, lease_until=None, next_at=moment)
    # Files and containers that were staged before their time are that other one's, too.
    staged = Delivery.objects.filter(state=State.SCHEDULED, after=None, content__isnull=False)
    staged.update(
        fence=F("fence") + 1, content=None, stage="", checkpoint={}, ahead_at=F("due_at") - AHEAD, ahead_until=None,
        ahead_tries=0,
    )  # fmt: skip


def claim_place(actor: Actor, embedded_in: Path | None) -> bool:
    """Before a worker sends anything: whether the database stands where it stood. At another place everything is held,
    and the place counts as ours once that is settled. Called outside a scope."""
    place = find_place(embedded_in)
    with transaction.atomic():
        Instance.objects.get_or_create(id=1)
        instance = lock(Instance.objects.filter(id=1)).get()
        if instance.place in ("", place):
            if not instance.place:
                Instance.objects.filter(id=1).update(place=place)
            return True
        Instance.objects.filter(id=1).update(place=place)
        hold_everything(actor, Held.COPY, now())
    return False
