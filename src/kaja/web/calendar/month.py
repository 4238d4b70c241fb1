"""The days of the month view as HTML: forty-two of them are too many for a template, like the cards in them."""

from collections.abc import Iterable
from html import escape
from typing import Any

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import ngettext

SLOTS_IN_DAY = 3


def join(items: Iterable[Any]) -> SafeString:
    """The HTML of cards and free slots in one piece."""
    return mark_safe("".join([item.html for item in items]))  # noqa: S308  # each is safe already


def render_days(days: Iterable[Any]) -> SafeString:
    """Each day with its cards and the first of its free slots."""
    return mark_safe("".join([_render_day(day) for day in days]))  # noqa: S308  # every part is escaped below


def _render_day(day: Any) -> str:
    iso = day.iso
    classes = "month-day"
    if day.today:
        classes += " today"
    elif day.past:
        classes += " past"
    if day.outside:
        classes += " outside"
    if not day.cards and not day.slots:
        classes += " bare"
    more = len(day.slots) - SLOTS_IN_DAY
    rest = ""
    if more > 0:
        words = ngettext("%(count)s more free", "%(count)s more free", more) % {"count": more}
        rest = f'<a class="cal-slot" href="?view=week&amp;date={iso}">{escape(words)}</a>'
    return (
        f'<section class="{classes}" aria-labelledby="day-{iso}" data-at="{iso}">'
        f'<h2 class="day-head" id="day-{iso}"><a href="?view=week&amp;date={iso}" aria-label="{escape(day.long_name)}">'
        f"{escape(day.name)}</a></h2>\n{join(day.cards)}{join(day.slots[:SLOTS_IN_DAY])}{rest}</section>"
    )
