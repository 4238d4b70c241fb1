"""The days of the month view as HTML: forty-two of them are too many for a template, like the cards in them."""

from collections.abc import Iterable
from html import escape

from django.utils.translation import ngettext

from kaja.web.calendar.days import Day

SLOTS_IN_DAY = 3
MONTH_HERE = b"<!--month-->"
"""Where the days go in the rendered page. Half a megabyte of cards would be copied by every block of the templates
around it, and encoded anew; so the cards are remembered in UTF-8 and put in last."""


def put_in_month(page: bytes, days: Iterable[Day]) -> bytes:
    """The page with the days where its template left room for them."""
    return page.replace(MONTH_HERE, render_days(days), 1)


def render_days(days: Iterable[Day]) -> bytes:
    """Each day with its cards and the first of its free slots, in UTF-8."""
    pieces: list[bytes] = []
    for day in days:
        pieces.append(_head(day).encode())
        pieces.extend([card.data for card in day.cards])
        pieces.extend([slot.data for slot in day.slots[:SLOTS_IN_DAY]])
        pieces.append(_foot(day).encode())
    return b"".join(pieces)


def _head(day: Day) -> str:
    classes = "month-day"
    if day.today:
        classes += " today"
    elif day.past:
        classes += " past"
    if day.outside:
        classes += " outside"
    if not day.cards and not day.slots:
        classes += " bare"
    iso = day.iso
    return (
        f'<section class="{classes}" aria-labelledby="day-{iso}" data-at="{iso}">'
        f'<h2 class="day-head" id="day-{iso}"><a href="?view=week&amp;date={iso}" aria-label="{escape(day.long_name)}">'
        f"{escape(day.name)}</a></h2>\n"
    )


def _foot(day: Day) -> str:
    more = len(day.slots) - SLOTS_IN_DAY
    if more <= 0:
        return "</section>"
    words = ngettext("%(count)s more free", "%(count)s more free", more) % {"count": more}
    return f'<a class="cal-slot" href="?view=week&amp;date={day.iso}">{escape(words)}</a></section>'
