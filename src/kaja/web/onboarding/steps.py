"""The list of first steps: it stays until all are done or somebody puts it away."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from kaja.channels.models import Channel
from kaja.content.models import Post, PostState
from kaja.kernel.clock import now
from kaja.networks.registry import CONNECTORS
from kaja.web.frame.navigation import COMPOSE, address
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import Member
from kaja.workspaces.policy import Permission, can


@dataclass(frozen=True)
class Step:
    """One first step and whether it is done."""

    label: str
    href: str
    done: bool


def has_posts() -> bool:
    """Whether anything was ever written in the workspace of the scope."""
    return Post.objects.exists()


def has_first_steps(member: Member, actor: Actor) -> bool:
    """Whether the list is for this person, who has not put it away."""
    return member.first_steps_hidden_at is None and can(actor, Permission.MANAGE)


def first_steps_done() -> tuple[Exists, ...]:
    """Which steps are done, in their order, as parts of a query of the member."""
    practice = [key for key, connector in CONNECTORS.items() if connector.info.practice]
    channels = Channel.objects.filter(disconnected_at=None)
    return (
        Exists(channels),
        Exists(Post.objects.all()),
        Exists(Post.objects.filter(state=PostState.SCHEDULED)),
        Exists(channels.exclude(network__in=practice)),
        Exists(Member.objects.exclude(id=OuterRef("id"))),
    )


def list_first_steps(member: Member, done: Sequence[bool]) -> list[Step]:
    """The steps, of which so many are `done`; empty, and put away, when all are. Inside the scope."""
    if all(done):
        hide(member)  # for good: what was learned is not shown again, and no page asks again
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


def hide(member: Member) -> None:
    """Put the list away for this member."""
    member.first_steps_hidden_at = now()
    member.save(update_fields=["first_steps_hidden_at"])
