"""Business hours: how much of them lies between two instants, and when so much of them is over. Pure.

Hours are wall-clock times of a zone: a day of 23 or 25 hours has the hours that its clock shows, less what is skipped
and more of what comes twice.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from kaja.kernel.times import find_local_day, resolve_local, wall_of

DAY = 24 * 60
LONGEST = timedelta(days=730)
"""Whoever opens at no time within this is never open."""

Span = tuple[int, int]
"""Minutes of a day's clock: from, and until (24 * 60 at most)."""


@dataclass(frozen=True)
class Hours:
    """When somebody is there. Without a week: always, but for the days that are closed."""

    zone: ZoneInfo
    week: Mapping[int, tuple[Span, ...]] | None = None
    """By weekday, Monday is 0; in order, without overlaps (`parse_week`)."""
    closed: Collection[date] = field(default_factory=frozenset)

    def list_open(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        """The instants between which somebody is there on a local day, in order."""
        if day in self.closed:
            return
        if self.week is None:
            yield find_local_day(day, self.zone)
            return
        counted = find_local_day(day, self.zone)[0]
        for begin, end in self.week.get(day.weekday(), ()):
            # What ends in a skipped hour ends later than its clock says, and what follows may have begun by then.
            opens, closes = max(self._instant(day, begin), counted), self._instant(day, end)
            if opens < closes:
                yield opens, closes
                counted = closes

    def _instant(self, day: date, minute: int) -> datetime:
        if minute == DAY:
            return find_local_day(day, self.zone)[1]
        return resolve_local(datetime.combine(day, time(*divmod(minute, 60))), self.zone).instant


def _list_open(hours: Hours, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    day, last = wall_of(since, hours.zone).date(), wall_of(until, hours.zone).date()
    while day <= last:
        for opens, closes in hours.list_open(day):
            if closes > since and opens < until:
                yield max(opens, since), min(closes, until)
        day += timedelta(days=1)


def count_open(since: datetime, until: datetime, hours: Hours) -> timedelta:
    """How much of the hours lies between two instants; nothing where `until` is not later."""
    return sum((closes - opens for opens, closes in _list_open(hours, since, until)), timedelta())


def find_end(since: datetime, wanted: timedelta, hours: Hours) -> datetime | None:
    """The first instant (UTC) at which so much of the hours has passed since; None where that never comes."""
    left = wanted
    for opens, closes in _list_open(hours, since, since + LONGEST):
        if left <= closes - opens:
            return (opens + left).astimezone(UTC)
        left -= closes - opens
    return None


def list_closed(since: datetime, until: datetime, hours: Hours) -> list[tuple[datetime, datetime]]:
    """When nobody is there between two instants, in order."""
    closed: list[tuple[datetime, datetime]] = []
    at = since
    for opens, closes in _list_open(hours, since, until):
        if opens > at:
            closed.append((at, opens))
        at = closes
    return [*closed, (at, until)] if at < until else closed


def parse_week(given: Mapping[str, object]) -> dict[int, tuple[Span, ...]]:
    """Hours by weekday, as they are stored: {"0": [[540, 1080]], ...}. Raises ValueError for what is no such week."""
    week: dict[int, tuple[Span, ...]] = {}
    for name, spans in given.items():
        if name not in {"0", "1", "2", "3", "4", "5", "6"} or not isinstance(spans, list):
            raise ValueError(f"no weekday with hours: {name}")
        found: list[Span] = []
        for span in spans:
            begin, end = span
            if not (type(begin) is int and type(end) is int and 0 <= begin < end <= DAY):
                raise ValueError(f"no hours: {span}")
            found.append((begin, end))
        found.sort()
        if any(later[0] < earlier[1] for earlier, later in pairwise(found)):
            raise ValueError(f"hours of weekday {name} overlap")
        week[int(name)] = tuple(found)
    return week
