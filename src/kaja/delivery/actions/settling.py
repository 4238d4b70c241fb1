"""One decision about all that may have happened without this database knowing; then the workspace goes on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from django.db import transaction

from kaja.delivery.actions.decide import cancel_row, mark_there, plan_again
from kaja.delivery.holds import Unsettled, list_unsettled
from kaja.delivery.models import Delivery, Inventory
from kaja.delivery.sources import short_title
from kaja.kernel.clock import now
from kaja.kernel.locks import lock
from kaja.kernel.problems import Conflict, Problem, Refused, gettext_noop
from kaja.kernel.signals import notify_due, notify_live
from kaja.kernel.tenancy import current_workspace_id
from kaja.networks.kit.results import RemoteRef
from kaja.workspaces import audit, policy
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import Workspace

Choice = Literal["there", "send", "skip", "later"]


@dataclass(frozen=True)
class Settlement:
    """What becomes of what was due. What was found for certain stands there; `missing` is for what is not on the
    network, `unclear` for what nobody could tell; `own` decides single deliveries otherwise."""

    missing: Choice
    unclear: Choice
    later: datetime | None = None
    own: Mapping[UUID, Choice] = field(default_factory=dict)

    def choose(self, each: Unsettled) -> Choice:
        usual: dict[str, Choice] = {"there": "there", "missing": self.missing, "unclear": self.unclear}
        return self.own.get(each.delivery.id, usual[each.verdict])


@transaction.atomic
def settle_workspace(actor: Actor, settlement: Settlement) -> dict[str, int]:
    """Carry the decision out and let the workspace go on, in one transaction; gives how many became what."""
    policy.require(actor, policy.Permission.MANAGE)
    workspace_id = current_workspace_id()
    assert workspace_id is not None, "a workspace is settled inside its scope"
    workspace = lock(Workspace.objects.filter(id=workspace_id)).get()
    if workspace.held_at is None:
        raise Conflict(
            Problem(
                "not_held",
                gettext_noop("Nothing waits for a settlement here; it goes on already."),
                fix=gettext_noop("Look at the calendar to see how the posts stand."),
            )
        )
    _require_time(settlement)
    counts = dict.fromkeys(("there", "send", "skip", "later"), 0)
    unsettled = list_unsettled(workspace)
    # They are decided in the order of their times, and locked in that of their ids before.
    list(lock(Delivery.objects.filter(id__in=[each.delivery.id for each in unsettled])).only("id"))
    for each in unsettled:
        choice = settlement.choose(each)
        row = Delivery.objects.get(id=each.delivery.id)  # as it stands after the decisions before
        if row.state != each.delivery.state:
            continue  # dropped together with what it follows
        if choice == "there":
            if each.post is None:
                raise Refused(_nothing_found(each))
            ref = RemoteRef(each.post["id"], each.post.get("url") or "", each.post.get("data") or {})
            at = each.post.get("at")
            mark_there(row, ref, datetime.fromisoformat(at) if at else row.due_at)
            audit.record(actor, "delivery.there", row, {"state": each.delivery.state}, {"remote_url": row.remote_url})
        elif choice == "skip":
            cancel_row(actor, row)
        else:
            due_at = now() if choice == "send" else settlement.later
            assert due_at is not None
            action = "delivery.send_now" if choice == "send" else "delivery.reschedule"
            plan_again(actor, action, row, due_at, each.subject)
        counts[choice] += 1
    _release(actor, workspace, counts)
    return counts


def _require_time(settlement: Settlement) -> None:
    wanted = "later" in (settlement.missing, settlement.unclear, *settlement.own.values())
    if wanted and (settlement.later is None or settlement.later <= now()):
        raise Refused(
            Problem(
                "time_in_past",
                gettext_noop("This time has passed already; the post stays where it was."),
                field="later",
                fix=gettext_noop("Choose a later time, or publish now."),
            )
        )


def _nothing_found(each: Unsettled) -> Problem:
    return Problem(
        "nothing_found",
        gettext_noop("For “%(post)s” nothing was found on the network, so it cannot be marked as being there."),
        fix=gettext_noop("Send it, or leave it out; afterwards it can be marked by its address."),
        params={"post": short_title(each.subject)},
    )


def _release(actor: Actor, workspace: Workspace, counts: Mapping[str, int]) -> None:
    before = {"reason": workspace.held_reason, "held_at": workspace.held_at.isoformat() if workspace.held_at else None}
    if workspace.paused_at == workspace.held_at:
        workspace.paused_at = None  # else somebody had paused it before, and it stays so
    workspace.held_at, workspace.held_since, workspace.held_reason = None, None, ""
    workspace.save(update_fields=["paused_at", "held_at", "held_since", "held_reason"])
    Inventory.objects.all().delete()
    audit.record(actor, "workspace.settle", workspace, before, dict(counts))
    notify_live(workspace.id, "workspace")
    notify_live(workspace.id, "delivery")
    notify_due()
