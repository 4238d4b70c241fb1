"""Steps that can be taken back, kept with the person's session until they are used or many newer ones came."""

import time
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from kaja.kernel.ids import new_id
from kaja.publishing.actions import PlanStep
from kaja.web.workspace import WorkspaceRequest

KEY = "calendar_undo"
KEPT = 30


def keep_step(request: WorkspaceRequest, kind: str, data: Any) -> UUID:
    """Remember how to take a step back; its key."""
    steps = dict(request.session.get(KEY, {}))
    key = new_id()
    steps[str(key)] = {"workspace": str(request.workspace.id), "kind": kind, "data": data, "at": time.time()}
    for old in sorted(steps, key=lambda each: steps[each]["at"])[:-KEPT]:
        del steps[old]
    request.session[KEY] = steps
    return key


def take_step(request: WorkspaceRequest, key: UUID) -> tuple[str, Any] | None:
    """Kind and data of a step, once; None when it was used, is too old, or belongs to another workspace."""
    steps = dict(request.session.get(KEY, {}))
    step = steps.get(str(key))
    if step is None or step["workspace"] != str(request.workspace.id):
        return None
    del steps[str(key)]
    request.session[KEY] = steps
    return step["kind"], step["data"]


def render_plan(step: PlanStep) -> dict[str, Any]:
    """A step of a plan as the session keeps it."""
    return {
        name: str(value) if isinstance(value, UUID) else value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(step).items()
    }


def parse_plan(data: dict[str, Any]) -> PlanStep:
    """The same, back."""

    def moment(name: str) -> datetime | None:
        return datetime.fromisoformat(data[name]) if data[name] else None

    return PlanStep(
        UUID(data["post_id"]), data["state"], moment("due_at"), data["became_state"], moment("became_due_at")
    )
