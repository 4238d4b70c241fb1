"""Cards of posts as HTML. Five hundred of them make a page, so they are put together here and not by templates."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape
from uuid import UUID

from django.templatetags.static import static
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from kaja.content.models import PostState
from kaja.content.plan.calendar import Entry
from kaja.publishing.queries import PostStanding
from kaja.web.templatetags.kaja import STATES, network_mark
from kaja.workspaces.actor import Actor
from kaja.workspaces.policy import Permission, can

NOBODY = UUID(int=0)
LOOKS = {"planned": "planned", "under_way": "underway", "done": "done", "needs_you": "needs", "dropped": "cancelled"}


@dataclass(slots=True)
class Card:
    """One post at its wall-clock time. `look` is a key of the states; `fixed` says why it cannot move."""

    entry: Entry
    local: datetime
    look: str
    fixed: str
    html: SafeString


def look_of(entry: Entry, standing: PostStanding | None) -> str:
    """Which of the states a card shows: draft, planned, underway, done, needs, cancelled."""
    if entry.state == PostState.DRAFT and (standing is None or standing.standing in ("planned", "dropped")):
        return "draft"
    return LOOKS[standing.standing] if standing else "planned"


class CardPrinter:
    """Makes the cards of one page: what all of them share is made once."""

    def __init__(self, slug: str, actor: Actor, channels: Mapping[UUID, tuple[str, str]]) -> None:
        """`channels`: network and name by id."""
        # Addresses are made once; only the id differs.
        self.post = reverse("post:page", args=[slug, NOBODY]).split(str(NOBODY))
        self.picture = reverse("media:thumbnail", args=[slug, NOBODY]).split(str(NOBODY))
        self.writes, self.publishes = can(actor, Permission.WRITE), can(actor, Permission.PUBLISH)
        sprite = static("vendor/icons.svg")
        self.states = {
            key: f'<span class="cal-state"><svg class="icon icon-sm" aria-hidden="true">'
            f'<use href="{sprite}#{STATES[key][1]}"></use></svg>{escape(str(STATES[key][2]))}</span>'
            for key in ("draft", "planned", "underway", "done", "needs", "cancelled")
        }
        self.dots = f'<svg class="icon" aria-hidden="true"><use href="{sprite}#ellipsis"></use></svg>'
        self.channels = {key: str(key) for key in channels}
        self.marks = {
            key: f'<span title="{escape(name)}">{network_mark(network, "", name)}</span>'
            for key, (network, name) in channels.items()
        }
        self.words = {
            "menu": escape(_("What can be done with this post")),
            "none": escape(_("Without text")),
            "second": escape(_("the second time")),
        }

    def fixed(self, entry: Entry, standing: PostStanding | None) -> str:
        """Why the post cannot be moved: `sent`, `role`, or nothing."""
        if standing is not None and standing.begun:
            return "sent"
        return "" if (self.publishes if entry.state == PostState.SCHEDULED else self.writes) else "role"

    def card(self, entry: Entry, standing: PostStanding | None) -> Card:
        """One post."""
        local = entry.due_at
        iso = local.isoformat()  # the minutes are cut out of it: formatting a time is slow
        look, fixed = look_of(entry, standing), self.fixed(entry, standing)
        post_id = str(entry.id)
        marks = "".join([self.marks[each] for each in entry.channels])
        channels = " ".join([self.channels[each] for each in entry.channels])
        picture = ""
        if entry.thumbnail:
            picture = (
                f'<img class="cal-picture" src="{str(entry.thumbnail).join(self.picture)}" alt="" loading="lazy" '
                'width="32" height="32" draggable="false">'
            )
        again = f" <small>({self.words['second']})</small>" if local.fold else ""
        campaign = (
            f'<span class="cal-campaign"><span class="dot dot-{escape(entry.colour)}"></span>'
            f"<span>{escape(entry.campaign)}</span></span>"
            if entry.campaign
            else ""
        )
        text = escape(entry.summary) or f"<em>{self.words['none']}</em>"
        html = (
            f'<article class="cal-card look-{look}" id="post-{post_id}" data-post="{post_id}" '
            f'data-at="{iso[:16]}" data-channels="{channels}" data-look="{look}" '
            f'data-state="{entry.state}"{f" data-fixed={fixed}" if fixed else ""}>'
            f'<a class="cal-link" href="{post_id.join(self.post)}" draggable="false">'
            f'<span class="cal-head"><time datetime="{iso}">{iso[11:16]}{again}</time>'
            f"{self.states[look]}</span>"
            f'<span class="cal-body"><span class="cal-text">{text}</span>{picture}</span>'
            f'<span class="cal-foot"><span class="cal-marks">{marks}</span>{campaign}</span></a>'
            f'<button type="button" class="cal-more" data-card-menu aria-haspopup="menu" aria-expanded="false" '
            f'aria-label="{self.words["menu"]}">{self.dots}</button></article>'
        )
        return Card(entry, local, look, fixed, mark_safe(html))  # noqa: S308  # every part is escaped above


@dataclass(frozen=True)
class FreeSlot:
    """A time at which one or more channels wait for a post."""

    local: datetime
    html: SafeString


class SlotPrinter:
    """Makes the dashed outlines of free slots."""

    def __init__(self, slug: str, marks: Mapping[UUID, tuple[str, str]]) -> None:
        self.compose = reverse("composer:new", args=[slug])
        self.marks = {key: network_mark(network, "", name) for key, (network, name) in marks.items()}
        sprite = static("vendor/icons.svg")
        self.plus = f'<svg class="icon icon-sm" aria-hidden="true"><use href="{sprite}#plus"></use></svg>'
        self.word = escape(_("Free slot: write a post for it"))

    def slot(self, local: datetime, channels: list[UUID]) -> FreeSlot:
        """One free time."""
        at = f"{local:%Y-%m-%dT%H:%M}"
        query = "&amp;".join([f"at={at}", *(f"channel={each}" for each in channels)])
        marks = "".join(self.marks.get(each, "") for each in channels)
        html = (
            f'<a class="cal-slot" href="{self.compose}?{query}" data-slot="{at}" title="{self.word}" draggable="false">'
            f'{self.plus}<span class="sr-only">{self.word}, </span><time datetime="{local.isoformat()}">{local:%H:%M}'
            f'</time><span class="cal-marks">{marks}</span></a>'
        )
        return FreeSlot(local, mark_safe(html))  # noqa: S308  # addresses, times and marks of ours
