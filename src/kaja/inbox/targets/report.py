"""How quickly people were answered: mean, median and 90th percentile, and what is waiting now. Inside the scope.

All times are given twice: of the clock, and of the hours in which an answer was promised (`AnswerWait.open_seconds`).
What was not answered yet is in no mean: it is counted beside it (`open`), for leaving it out would make the slowest
look quick. Percentiles are PostgreSQL's `percentile_cont`: linear between the two nearest (type 7 of Hyndman and Fan,
Sample Quantiles in Statistical Packages, The American Statistician 50, 1996, p. 363).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Aggregate, Avg, Count, F, FloatField, Func, Min, Q, QuerySet
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay, Now

from kaja.inbox.targets.models import AnswerWait, Measure

By = Literal["all", "member", "channel", "hour", "weekday"]
Measured = Literal["first", "next", "resolution"]


class _Percentile(Aggregate):
    """`percentile_cont`; what is null does not count."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(%(fraction)s) WITHIN GROUP (ORDER BY %(expressions)s)"

    def __init__(self, expression: Any, fraction: float) -> None:
        super().__init__(expression, fraction=fraction, output_field=FloatField())


@dataclass(frozen=True)
class Spread:
    """Seconds; None where nothing was measured."""

    mean: float | None
    median: float | None
    p90: float | None


@dataclass(frozen=True)
class Line:
    """What was asked within the period, of one member, channel, hour or weekday (`key`; None: of nobody known)."""

    key: Any
    asked: int
    answered: int
    late: int
    """Answered after it was due, or due by now and still open."""
    promised: int
    """Of those for which an answer was promised."""
    clock: Spread
    hours: Spread

    @property
    def open(self) -> int:
        return self.asked - self.answered

    @property
    def kept(self) -> float | None:
        """The share of promises that were kept, of those that are decided; None where nothing was promised."""
        return None if not self.promised else 1 - self.late / self.promised


_CLOCK = Func(F("ended_at") - F("begun_at"), template="EXTRACT(EPOCH FROM %(expressions)s)", output_field=FloatField())
_LATE = Q(due_at__isnull=False) & (Q(ended_at__gt=F("due_at")) | Q(ended_at=None, due_at__lt=Now()))
_DECIDED = Q(due_at__isnull=False) & (Q(ended_at__isnull=False) | Q(due_at__lt=Now()))


def list_asked(
    measure: Measured, since: datetime, until: datetime, channel_ids: Sequence[Any] = ()
) -> QuerySet[AnswerWait]:
    """What was asked in a period, for the conversations behind a figure."""
    rows = AnswerWait.objects.filter(measure=Measure(measure), begun_at__gte=since, begun_at__lt=until)
    return rows.filter(channel_id__in=channel_ids) if channel_ids else rows


def list_asked_by(
    measure: Measured, since: datetime, until: datetime, by: By, key: str, zone: ZoneInfo
) -> QuerySet[AnswerWait]:
    """What one line of the report counts. `key` as texts have it; empty: of nobody known. A key that is none is for
    nothing."""
    rows = list_asked(measure, since, until)
    if by == "all":
        return rows
    if not key:
        return rows.filter(by=None) if by == "member" else rows.none()
    try:
        if by in ("member", "channel"):
            return rows.filter(**{f"{'by' if by == 'member' else 'channel'}_id": UUID(key)})
        wanted = int(key)
    except ValueError:
        return rows.none()
    part = ExtractHour("begun_at", tzinfo=zone) if by == "hour" else ExtractIsoWeekDay("begun_at", tzinfo=zone)
    return rows.annotate(part=part).filter(part=wanted)


def report_times(asked: QuerySet[AnswerWait], by: By, zone: ZoneInfo) -> list[Line]:
    """How it went, by the key; one statement. Hours and weekdays (Monday is 1) are of the asking, on the zone's clock;
    the member is who answered."""
    keys: dict[By, Any] = {
        "member": F("by_id"),
        "channel": F("channel_id"),
        "hour": ExtractHour("begun_at", tzinfo=zone),
        "weekday": ExtractIsoWeekDay("begun_at", tzinfo=zone),
    }
    figures: dict[str, Any] = {
        "asked": Count("id"),
        "answered": Count("id", filter=Q(ended_at__isnull=False)),
        "late": Count("id", filter=_LATE),
        "promised": Count("id", filter=_DECIDED),
        "clock_mean": Avg(_CLOCK),
        "clock_median": _Percentile(_CLOCK, 0.5),
        "clock_p90": _Percentile(_CLOCK, 0.9),
        "hours_mean": Avg("open_seconds"),
        "hours_median": _Percentile(F("open_seconds"), 0.5),
        "hours_p90": _Percentile(F("open_seconds"), 0.9),
    }
    if by == "all":
        found: Iterable[Mapping[str, Any]] = [{"key": None, **asked.aggregate(**figures)}]
    else:
        found = asked.annotate(key=keys[by]).values("key").annotate(**figures).order_by("key")
    return [
        Line(
            row["key"],
            row["asked"],
            row["answered"],
            row["late"],
            row["promised"],
            Spread(row["clock_mean"], row["clock_median"], row["clock_p90"]),
            Spread(row["hours_mean"], row["hours_median"], row["hours_p90"]),
        )
        for row in found
    ]


@dataclass(frozen=True)
class Backlog:
    """Whoever waits for an answer now: how many, since when the longest, and for how many it is late already."""

    waiting: int
    oldest: datetime | None
    late: int
    median_age: float | None
    p90_age: float | None


def report_backlog() -> Backlog:
    """One statement."""
    age = Func(Now() - F("begun_at"), template="EXTRACT(EPOCH FROM %(expressions)s)", output_field=FloatField())
    asked = AnswerWait.objects.filter(conversation__isnull=False, measure__in=(Measure.FIRST, Measure.NEXT))
    row = asked.filter(ended_at=None).aggregate(
        waiting=Count("id"),
        oldest=Min("begun_at"),
        late=Count("id", filter=Q(due_at__lt=Now())),
        median_age=_Percentile(age, 0.5),
        p90_age=_Percentile(age, 0.9),
    )
    return Backlog(**row)
