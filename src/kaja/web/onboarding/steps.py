"""The list of first steps: it stays until all are done or somebody puts it away."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from kaja.web.frame.navigation import COMPOSE
from kaja.web.kit.page import address
from kaja.workspaces.actions import hide_first_steps
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import Member
from kaja.workspaces.policy import Permission, can


@dataclass(frozen=True)
class Step:
    """One first step and whether it is done."""

    label: str
    href: str
    done: bool


def has_first_steps(member: Member, actor: Actor) -> bool:
    """Whether the list is for this person, who has not put it away."""
    return member.first_steps_hidden_at is None and can(actor, Permission.MANAGE)


def list_first_steps(member: Member, done: Sequence[bool]) -> list[Step]:
    """The steps, of which so many are `done`; empty, and put away, when all are. Inside the scope."""
    if all(done):
        hide_first_steps(member)  # for good: what was learned is not shown again, and no page asks again
        return []
    slug = member.workspace.slug
    steps = (
        (pgettext("first step", "Connect a channel"), reverse("onboarding:channel", args=[slug])),
        (_("Write your first post"), address(COMPOSE, slug)),
        (_("Schedule it or send it"), address("calendar:index", slug)),
        (_("Connect a real channel"), reverse("channels:connect", args=[slug])),
        (_("Invite a colleague"), reverse("settings:members", args=[slug])),
    )
    return [Step(label, href, each) for (label, href), each in zip(steps, done, strict=True)]
