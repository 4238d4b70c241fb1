"""What every page says beside its own: how much waits for the person, and which first steps are left. One query."""

from collections.abc import Sequence
from dataclasses import dataclass

from kaja.inbox.threads import list_new
from kaja.publishing import needs_you
from kaja.web.onboarding.steps import Step, has_first_steps, list_first_steps
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import Member


@dataclass(frozen=True)
class Standing:
    """`needs` counts what waits; `steps` is empty for those who have none or have put them away; `new` counts the new
    conversations of the inbox, up to a hundred."""

    needs: int
    steps: Sequence[Step]
    new: int = 0


def read_standing(member: Member, actor: Actor) -> Standing:
    """How things stand for a member. Inside the scope."""
    learning = has_first_steps(member, actor)
    needs, done, new = needs_you.read_standing(member, learning=learning, beside=list_new())
    return Standing(needs, list_first_steps(member, done) if learning else (), new)
