"""When something may go out: after a pause, in somebody's hours, and no more of it in a day than was said. Pure."""

import random
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from kaja.inbox.targets.hours import Hours
from kaja.kernel.times import find_local_day, wall_of


def draw_pause(least: int, most: int, chance: random.Random) -> timedelta:
    """A pause of so many seconds, any as likely as the other."""
    return timedelta(seconds=chance.uniform(least, max(least, most)))


def find_open(at: datetime, hours: Hours, until: datetime) -> datetime | None:
    """The first instant from `at` on, and until then, at which somebody is there."""
    day, last = wall_of(at, hours.zone).date(), wall_of(until, hours.zone).date()
    while day <= last:
        for opens, closes in hours.list_open(day):
            if closes > at:
                found = max(opens, at)
                return found.astimezone(UTC) if found <= until else None
        day += timedelta(days=1)
    return None


def find_room(
    at: datetime, hours: Hours, taken: Mapping[date, int], daily: int, until: datetime, pause: timedelta = timedelta()
) -> datetime | None:
    """The same on a day of which there is room for one more; what does not begin at once comes `pause` after the
    opening. None where there is no such moment."""
    wanted, shifted = at, False
    while (found := find_open(at, hours, until)) is not None:
        if found > wanted and not shifted:
            shifted, at = True, found + pause
            continue
        day = wall_of(found, hours.zone).date()
        if taken.get(day, 0) < daily:
            return found
        at, shifted = find_local_day(day, hours.zone)[1], False
    return None
