"""Cards of posts as HTML. Five hundred of them make a page, so they are put together here and not by templates."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from html import escape
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.templatetags.static import static
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from kaja.content.models import PostState
from kaja.publishing.calendar import Row
from kaja.publishing.choices import Choice
from kaja.publishing.queries import PostStanding, parse_standing
from kaja.web.templatetags.kaja import STATES, channel_mark, tint_of

NOBODY = UUID(int=0)
LOOKS = {"planned": "planned", "under_way": "underway", "done": "done", "needs_you": "needs", "dropped": "cancelled"}
LOOKS_OF_CARDS = ("draft", "planned", "underway", "done", "needs", "cancelled")
USUAL = frozenset({"planned", "done"})
"""What most cards are: the icon and the edge say it, and a word on each of them would say nothing."""
CARDS_KEPT = 4000
"""Cards that a process remembers, about 3 KB each. A month that is opened again, or by a colleague who reads the same
language, is made of them; whatever changes about a post, its channels or its place makes another card."""


@dataclass(frozen=True, slots=True)
class Card:
    """One post at its wall-clock time. `look` is a key of the states; `fixed` says why it cannot move; `data` is its
    HTML in UTF-8."""

    row: Row
    local: datetime
    look: str
    fixed: str
    data: bytes

    @property
    def html(self) -> SafeString:
        """For templates."""
        return mark_safe(self.data.decode())  # noqa: S308  # every part is escaped where it is put together


def look_of(state: str, standing: PostStanding | None) -> str:
    """Which of the states a card shows: draft, planned, underway, done, needs, cancelled."""
    if state == PostState.DRAFT and (standing is None or standing.standing in ("planned", "dropped")):
        return "draft"
    return LOOKS[standing.standing] if standing else "planned"


@dataclass(frozen=True)
class Manner:
    """All that the cards of one page have in common; `channels` in their order."""

    slug: str
    zone: ZoneInfo
    language: str
    writes: bool
    publishes: bool
    channels: tuple[Choice, ...]


@lru_cache(maxsize=100)
def printer_for(manner: Manner) -> "CardPrinter":
    """The printer of such cards; the same one for the same manner, so that its cards are found again."""
    return CardPrinter(manner)


@lru_cache(maxsize=2000)
def print_label(name: str) -> str:
    """A label: its colour and name; the title says it where the month has room for the colour only."""
    said = escape(name)
    return f'<span class="cal-label" data-tint="{tint_of(name)}" dir="auto" title="{said}">{said}</span>'


class CardPrinter:
    """Makes the cards of one page, in the entered language: what all of them share is made once."""

    def __init__(self, manner: Manner) -> None:
        self.manner = manner
        # Addresses are made once; only the id differs.
        self.post = reverse("post:page", args=[manner.slug, NOBODY]).split(str(NOBODY))
        self.picture = reverse("media:thumbnail", args=[manner.slug, NOBODY]).split(str(NOBODY))
        sprite = static("vendor/icons.svg")
        self.states = {key: self._state(key, sprite) for key in LOOKS_OF_CARDS}
        self.dots = f'<svg class="icon" aria-hidden="true"><use href="{sprite}#ellipsis"></use></svg>'
        self.marks = {each.value: channel_mark(each, "sm", label=True) for each in manner.channels}
        self.words = {
            "menu": escape(_("What can be done with this post")),
            "none": escape(_("Without text")),
            "second": escape(_("the second time")),
        }

    def _state(self, key: str, sprite: str) -> str:
        """Icon and word; the usual states keep their word for the screen reader and the pointer only."""
        _look, symbol, said = STATES[key]
        word = escape(str(said))
        shown = f'<span class="sr-only">{word}</span>' if key in USUAL else f'<span class="cal-word">{word}</span>'
        return (
            f'<span class="cal-state" title="{word}"><svg class="icon icon-sm" aria-hidden="true">'
            f'<use href="{sprite}#{symbol}"></use></svg>{shown}</span>'
        )

    def fixed(self, state: str, standing: PostStanding | None) -> str:
        """Why the post cannot be moved: `sent`, `role`, or nothing."""
        if standing is not None and standing.begun:
            return "sent"
        return "" if (self.manner.publishes if state == PostState.SCHEDULED else self.manner.writes) else "role"

    def card(self, values: tuple[Any, ...]) -> Card:
        """One post, from the values of a `Row`."""
        row = Row(*values)
        standing = parse_standing(row.standing)
        local = datetime.fromtimestamp(row.due, self.manner.zone)
        iso = local.isoformat()
        look, fixed = look_of(row.state, standing), self.fixed(row.state, standing)
        carried = set(row.channels.split())
        channels = [each for each in self.marks if each in carried]
        marks = "".join([self.marks[each] for each in channels])
        picture = ""
        if row.thumbnail:
            picture = (
                f'<img class="cal-picture" src="{row.thumbnail.join(self.picture)}" alt="" loading="lazy" '
                'width="32" height="32" draggable="false">'
            )
        again = f" <small>({self.words['second']})</small>" if local.fold else ""
        campaign = (
            f'<span class="cal-campaign"><span class="dot dot-{escape(row.colour)}"></span>'
            f"<span dir=auto>{escape(row.campaign)}</span></span>"
            if row.campaign
            else ""
        )
        labels = "".join([print_label(name) for name in row.list_labels()])
        text = escape(row.summary) or f"<em>{self.words['none']}</em>"
        html = (
            f'<article class="cal-card look-{look}" id="post-{row.id}" data-post="{row.id}" '
            f'data-at="{iso[:16]}" data-channels="{" ".join(channels)}" data-look="{look}" '
            f'data-state="{row.state}"{f" data-fixed={fixed}" if fixed else ""}>'
            f'<a class="cal-link" href="{row.id.join(self.post)}" draggable="false">'
            f'<span class="cal-head"><time datetime="{iso}">{iso[11:16]}{again}</time>'
            f"{self.states[look]}</span>"
            f'<span class="cal-body"><span class="cal-text" dir="auto">{text}</span>{picture}</span>'
            f'<span class="cal-foot"><span class="cal-marks">{marks}</span>{campaign}{labels}</span></a>'
            f'<button type="button" class="cal-more" data-card-menu aria-haspopup="menu" aria-expanded="false" '
            f'aria-label="{self.words["menu"]}">{self.dots}</button></article>'
        )
        return Card(row, local, look, fixed, html.encode())


@lru_cache(maxsize=CARDS_KEPT)
def card_of(printer: CardPrinter, values: tuple[Any, ...]) -> Card:
    """The card of a post, made or remembered."""
    return printer.card(values)


@dataclass(frozen=True)
class FreeSlot:
    """A time at which one or more channels wait for a post."""

    local: datetime
    html: SafeString

    @property
    def data(self) -> bytes:
        """The same in UTF-8."""
        return self.html.encode()


class SlotPrinter:
    """Makes the dashed outlines of free slots."""

    def __init__(self, slug: str, marks: Mapping[UUID, Choice]) -> None:
        self.compose = reverse("composer:new", args=[slug])
        self.marks = {key: channel_mark(choice, "sm", label=True) for key, choice in marks.items()}
        sprite = static("vendor/icons.svg")
        self.plus = f'<svg class="icon icon-sm" aria-hidden="true"><use href="{sprite}#plus"></use></svg>'
        self.word = escape(_("Free slot: write a post for it"))

    def slot(self, local: datetime, channels: list[UUID]) -> FreeSlot:
        """One free time."""
        at = f"{local:%Y-%m-%dT%H:%M}"
        query = "&amp;".join([f"at={at}", *(f"channel={each}" for each in channels)])
        free = set(channels)
        channels = [each for each in self.marks if each in free]
        marks = "".join(self.marks[each] for each in channels)
        html = (
            f'<a class="cal-slot" href="{self.compose}?{query}" data-slot="{at}" title="{self.word}" draggable="false">'
            f'{self.plus}<span class="sr-only">{self.word}, </span><time datetime="{local.isoformat()}">{local:%H:%M}'
            f'</time><span class="cal-marks">{marks}</span></a>'
        )
        return FreeSlot(local, mark_safe(html))  # noqa: S308  # addresses, times and marks of ours
