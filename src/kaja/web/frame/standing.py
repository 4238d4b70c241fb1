"""What every page says beside its own: how much waits for the person, and which first steps are left. One query."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from kaja.kernel.compiled import CompiledQuery
from kaja.web.needs_you.queries import needs_you_counts
from kaja.web.onboarding.steps import Step, first_steps_done, has_first_steps, list_first_steps
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import Member


@dataclass(frozen=True)
class Standing:
    """`needs` counts what waits; `steps` is empty for those who have none or have put them away."""

    needs: int
    steps: Sequence[Step]


_asked = CompiledQuery()  # by every page


def read_standing(member: Member, actor: Actor) -> Standing:
    """How things stand for a member. Inside the scope."""
    learning = has_first_steps(member, actor)

    def ask() -> QuerySet[Any, Any]:
        steps = first_steps_done() if learning else ()
        return Member.objects.filter(id=member.id).values_list(*needs_you_counts(member), *steps)

    row = _asked.fetch(ask, member.id, key=learning)[0]
    counts, done = (row[:-5], row[-5:]) if learning else (row, ())
    return Standing(sum(counts), list_first_steps(member, done) if learning else ())
