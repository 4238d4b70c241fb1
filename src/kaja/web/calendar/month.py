"""The days of the month view as HTML: forty-two of them are too many for a template, like the cards in them."""

from collections.abc import Iterable
from html import escape

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kaja.web.calendar.days import Day

POSTS_IN_DAY = 3
MONTH_HERE = b"<!--month-->"
"""Where the days go in the rendered page. Half a megabyte of cards would be copied by every block of the templates
around it, and encoded anew; so the cards are remembered in UTF-8 and put in last."""


def put_in_month(page: bytes, days: Iterable[Day]) -> bytes:
    """The page with the days where its template left room for them."""
    return page.replace(MONTH_HERE, render_days(days), 1)


def render_days(days: Iterable[Day]) -> bytes:
    """Each day with its first posts, the others behind “4 more”, and its free slots behind one quiet line; in UTF-8."""
    write = escape(_("Write a post for %(day)s"))
    pieces: list[bytes] = []
    for day in days:
        pieces.append(_head(day, write).encode())
        pieces.extend([card.data for card in day.cards[:POSTS_IN_DAY]])
        if rest := day.cards[POSTS_IN_DAY:]:
            more = ngettext("%(count)s more post", "%(count)s more posts", len(rest)) % {"count": len(rest)}
            pieces.append(_fold("rest", day, more).encode())
            pieces.extend([card.data for card in rest])
            pieces.append(b"</details>")
        if day.slots:
            free = ngettext("%(count)s free slot", "%(count)s free slots", len(day.slots)) % {"count": len(day.slots)}
            pieces.append(_fold("free", day, free).encode())
            pieces.extend([slot.data for slot in day.slots])
            pieces.append(b"</details>")
        pieces.append(b"</section>")
    return b"".join(pieces)


def _fold(kind: str, day: Day, words: str) -> str:
    return f'<details class="cal-{kind}" id="{kind}-{day.iso}"><summary>{escape(words)}</summary>'


def _head(day: Day, write: str) -> str:
    classes = "month-day"
    if day.today:
        classes += " today"
    elif day.past:
        classes += " past"
    if day.outside:
        classes += " outside"
    if not day.cards and not day.slots:
        classes += " bare"
    iso, name = day.iso, escape(day.long_name)
    add = (
        f'<a class="cal-add" href="{escape(day.write)}" aria-label="{write % {"day": name}}">+</a>' if day.write else ""
    )
    return (
        f'<section class="{classes}" aria-labelledby="day-{iso}" data-at="{iso}">'
        f'<h2 class="day-head" id="day-{iso}"><a href="?view=week&amp;date={iso}" aria-label="{name}">'
        f"{escape(day.name)}</a></h2>{add}\n"
    )
