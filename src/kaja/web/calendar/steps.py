"""Steps of a plan as the session keeps them, for `kit.undo`."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from kaja.publishing.actions import PlanStep


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
