"""Wall-clock times of a zone and the instants that they mean.

A plan is made in local time ("every Monday at 09:00"), a delivery happens at an instant. Twice a year the two disagree:
an hour is skipped or comes twice. `resolve_local` decides, always the same way, and says that it did.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class ResolvedTime:
    """The instant (UTC) of a wall-clock time, the wall-clock time it really has, and what had to be decided."""

    instant: datetime
    local: datetime
    kind: Literal["exact", "skipped", "doubled"]


def resolve_local(wall: datetime, zone: ZoneInfo) -> ResolvedTime:
    """The instant of a naive wall-clock time.

    A skipped time moves forward by the length of the gap (02:30 becomes 03:30), as calendars do (RFC 5545, 3.3.5); a
    doubled one is its first occurrence.
    """
    if wall.tzinfo is not None:
        raise ValueError("resolve_local takes a naive wall-clock time")
    first = wall.replace(tzinfo=zone, fold=0)
    second = wall.replace(tzinfo=zone, fold=1)
    instant = first.astimezone(UTC)
    local = instant.astimezone(zone)
    if local.replace(tzinfo=None) != wall:
        return ResolvedTime(instant, local, "skipped")
    if first.utcoffset() != second.utcoffset():
        return ResolvedTime(instant, local, "doubled")
    return ResolvedTime(instant, local, "exact")


def wall_of(instant: datetime, zone: ZoneInfo) -> datetime:
    """What the clocks of the zone show at an instant: a naive wall-clock time."""
    return instant.astimezone(zone).replace(tzinfo=None)


def find_local_day(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The instants at which a local day begins and ends (23, 24 or 25 hours apart)."""
    begin = resolve_local(datetime.combine(day, time()), zone).instant
    end = resolve_local(datetime.combine(day + timedelta(days=1), time()), zone).instant
    return begin, end


def move_to_day(instant: datetime, day: date, zone: ZoneInfo) -> ResolvedTime:
    """The same wall-clock time on another day."""
    return resolve_local(datetime.combine(day, instant.astimezone(zone).time()), zone)
