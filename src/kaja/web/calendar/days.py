"""The days and hours of the calendar, with what stands in them."""

from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from django.utils.safestring import SafeString, mark_safe

from kaja.web.calendar.cards import Card, FreeSlot
from kaja.web.dates import Manner, write_full_day, write_head


@dataclass
class Hour:
    """One hour of one day in the week view. `kind` is exact, skipped or doubled."""

    at: str
    kind: str = "exact"
    items: list[Card | FreeSlot] = field(default_factory=list)

    @property
    def html(self) -> SafeString:
        """What stands in it, in one piece."""
        return mark_safe("".join([item.html for item in self.items]))  # noqa: S308  # each is safe already


@dataclass
class Day:
    """One day. `hours` are only made for the week; `write` is the address that writes a post for the day, if any."""

    day: date
    name: str
    long_name: str
    today: bool
    past: bool
    outside: bool
    cards: list[Card] = field(default_factory=list)
    slots: list[FreeSlot] = field(default_factory=list)
    hours: list[Hour] = field(default_factory=list)
    write: str = ""

    @property
    def iso(self) -> str:
        return self.day.isoformat()


@lru_cache(maxsize=1000)
def name_day(day: date, language: str, manner: Manner) -> tuple[str, str]:
    """The head of a day, and the day in full; remembered, because every page asks for dozens of the same."""
    return write_head(day), write_full_day(day)
