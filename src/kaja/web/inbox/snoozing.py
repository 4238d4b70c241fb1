"""Until when something is snoozed, and when somebody is reminded: a few moments that people mean, or one of their own,
in the workspace's zone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from kaja.kernel import clock
from kaja.kernel.problems import Problem, Refused, gettext_noop
from kaja.kernel.times import resolve_local

MORNING, EVENING = time(9), time(18)
UNKNOWN = Problem(
    code="snooze_unknown",
    message=gettext_noop("Kaja does not know until when that is."),
    fix=gettext_noop("Choose a moment from the menu, or write a day and a time."),
)


@dataclass(frozen=True)
class Moment:
    """One line of the menu."""

    value: str
    word: Any
    at: datetime


def list_moments(zone: ZoneInfo) -> Sequence[Moment]:
    """What the menus offer at this moment, in the order of time."""
    here = clock.now().astimezone(zone)
    days_to_monday = 7 - here.weekday()
    offered = [Moment("hour", _("In an hour"), clock.now() + timedelta(hours=1))]
    if here.time() < time(16):
        offered.append(Moment("evening", _("This evening"), _at(here, 0, EVENING, zone)))
    offered.append(Moment("tomorrow", _("Tomorrow morning"), _at(here, 1, MORNING, zone)))
    if days_to_monday > 1:
        offered.append(Moment("monday", _("On Monday"), _at(here, days_to_monday, MORNING, zone)))
    offered.append(Moment("week", _("In a week"), _at(here, 7, MORNING, zone)))
    return offered


def _at(here: datetime, days: int, clock_time: time, zone: ZoneInfo) -> datetime:
    return resolve_local(datetime.combine(here.date() + timedelta(days=days), clock_time), zone).instant


def resolve_moment(value: str, zone: ZoneInfo) -> datetime | None:
    """The moment that a line of the menu means, or that a person wrote ("2026-12-01T09:30", on the zone's clock); None
    for nothing. Raises Refused."""
    if not value:
        return None
    for each in list_moments(zone):
        if each.value == value:
            return each.at
    # The menu of a page that stood open over noon.
    if value == "evening":
        return clock.now() + timedelta(hours=1)
    try:
        wall = datetime.fromisoformat(value)
        if wall.tzinfo is None and "T" in value:
            return resolve_local(wall, zone).instant
    except (ValueError, OverflowError):
        pass
    raise Refused(UNKNOWN)
