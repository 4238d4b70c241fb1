"""The list of first steps: it stays until all are done or somebody puts it away."""

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


def list_first_steps(member: Member, actor: Actor) -> list[Step]:
    """The steps for those who manage the workspace; empty when they were put away. One query; inside the scope."""
    if member.first_steps_hidden_at is not None or not can(actor, Permission.MANAGE):
        return []
    slug = member.workspace.slug
    practice = [key for key, connector in CONNECTORS.items() if connector.info.practice]
    channels = Channel.objects.filter(disconnected_at=None)
    done = (
        Member.objects.filter(id=member.id)
        .annotate(
            channel=Exists(channels),
            real=Exists(channels.exclude(network__in=practice)),
            post=Exists(Post.objects.all()),
            scheduled=Exists(Post.objects.filter(state=PostState.SCHEDULED)),
            colleague=Exists(Member.objects.exclude(id=OuterRef("id"))),
        )
        .values("channel", "real", "post", "scheduled", "colleague")
        .get()
    )
    if all(done.values()):
        hide(member)  # for good: what was learned is not shown again, and no page asks again
        return []
    return [
        Step(pgettext("first step", "Connect a channel"), reverse("onboarding:channel", args=[slug]), done["channel"]),
        Step(_("Write your first post"), address(COMPOSE, slug), done["post"]),
        Step(_("Schedule it or send it"), address("calendar:index", slug), done["scheduled"]),
        Step(_("Connect a real channel"), reverse("channels:connect", args=[slug]), done["real"]),
        Step(_("Invite a colleague"), reverse("settings:members", args=[slug]), done["colleague"]),
    ]


def hide(member: Member) -> None:
    """Put the list away for this member."""
    member.first_steps_hidden_at = now()
    member.save(update_fields=["first_steps_hidden_at"])
