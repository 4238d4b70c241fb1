"""The audit log: who did what, before and after."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Model

from kaja.kernel.tenancy import entered_workspace_id
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import AuditEntry


def record(
    actor: Actor,
    action: str,
    target: Model,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Write one entry, in the action's own transaction. Values are JSON-able and never secret."""
    record_each(actor, action, [(target, before or {}, after or {})])


def record_each(actor: Actor, action: str, each: Iterable[tuple[Model, Mapping[str, Any], Mapping[str, Any]]]) -> None:
    """The same for many things, each with its values before and after, in one statement."""
    AuditEntry.objects.bulk_create(
        AuditEntry(
            workspace_id=entered_workspace_id(),
            actor_kind=actor.kind,
            actor_id=actor.id,
            actor_name=actor.name,
            action=action,
            target_type=_name_of(target),
            target_id=str(target.pk),
            before=dict(before),
            after=dict(after),
        )
        for target, before, after in each
    )


def _name_of(target: Model) -> str:
    """Of its table: the same row may be seen through several models."""
    return target._meta.concrete_model._meta.model_name or ""  # type: ignore[union-attr]  # None only of abstract ones


def find_after(target: Model, action: str) -> dict[str, Any]:
    """What the newest such entry of a thing says that it became; empty without one."""
    rows = AuditEntry.objects.filter(target_type=_name_of(target), target_id=str(target.pk), action=action)
    found: dict[str, Any] | None = rows.order_by("-at").values_list("after", flat=True).first()
    return found or {}
