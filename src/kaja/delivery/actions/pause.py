"""The switch that stops everything: per workspace and per instance. What is on the network already stays there."""

from uuid import UUID

from django.db import transaction

from kaja.kernel.clock import now
from kaja.kernel.locks import lock
from kaja.kernel.problems import Conflict, NotAllowed, Problem, gettext_noop
from kaja.kernel.signals import notify_due, notify_live
from kaja.kernel.tenancy import current_workspace_id
from kaja.workspaces import audit, policy
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import Instance, User, Workspace

HELD = Problem(
    "workspace_held",
    gettext_noop("Nothing is sent here until somebody has settled what may have gone out unknown to Kaja."),
    fix=gettext_noop("Open the settlement from the banner on top of each page, or run `kaja settle`."),
)


def _entered() -> UUID:
    workspace_id = current_workspace_id()
    if workspace_id is None:
        raise RuntimeError("a workspace is paused inside its scope")
    return workspace_id


def _set_workspace(actor: Actor, paused: bool) -> Workspace:
    policy.require(actor, policy.Permission.MANAGE)
    workspace = lock(Workspace.objects.filter(id=_entered())).get()
    before = workspace.paused_at
    if not paused and workspace.held_at is not None:
        raise Conflict(HELD)
    if paused == (before is not None):
        return workspace
    workspace.paused_at = now() if paused else None
    workspace.save(update_fields=["paused_at"])
    audit.record(
        actor,
        "workspace.pause" if paused else "workspace.resume",
        workspace,
        {"paused_at": before.isoformat() if before else None},
        {"paused_at": workspace.paused_at.isoformat() if workspace.paused_at else None},
    )
    notify_live(workspace.id, "delivery")
    notify_due()
    return workspace


@transaction.atomic
def pause_workspace(actor: Actor) -> Workspace:
    """Send nothing of this workspace until it is resumed; a call that has begun is finished."""
    return _set_workspace(actor, True)


@transaction.atomic
def resume_workspace(actor: Actor) -> Workspace:
    """Go on. What became too late meanwhile is missed, and its authors decide."""
    return _set_workspace(actor, False)


def _set_instance(actor: Actor, paused: bool) -> Instance:
    operator = actor.user_id is not None and User.objects.filter(id=actor.user_id, is_superuser=True).exists()
    if actor.kind != "system" and not operator:
        raise NotAllowed(
            Problem(
                "not_operator",
                gettext_noop("Only an operator of this installation may do this."),
                fix=gettext_noop("Pause your own workspace instead, or ask an operator."),
            )
        )
    Instance.objects.get_or_create(id=1)
    instance = lock(Instance.objects.filter(id=1)).get()
    instance.paused_at = (instance.paused_at or now()) if paused else None
    instance.save(update_fields=["paused_at"])
    if current_workspace_id() is not None:
        audit.record(actor, "instance.pause" if paused else "instance.resume", instance)
    notify_due()
    return instance


@transaction.atomic
def pause_instance(actor: Actor) -> Instance:
    """Send nothing at all, in any workspace, until the instance is resumed."""
    return _set_instance(actor, True)


@transaction.atomic
def resume_instance(actor: Actor) -> Instance:
    """Go on everywhere."""
    return _set_instance(actor, False)
