"""Which days a view of the calendar shows, and how they are called."""

from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from kaja.kernel import clock
from kaja.web.dates import present_manner, write_month, write_range

VIEWS = ("week", "month", "list")
EARLIEST, LATEST = date(1990, 1, 1), date(2200, 1, 1)


@dataclass(frozen=True)
class Period:
    """The days first <= day < end of a view. `anchor` is the day that the address names.

    `opens` is the day with which a list of the present month begins; the days before it are counted, not shown.
    """

    view: str
    anchor: date
    first: date
    end: date
    opens: date | None = None

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range((self.end - self.first).days)]


def today_in(zone: ZoneInfo) -> date:
    """The present day of the workspace."""
    return timezone.localtime(clock.now(), zone).date()


def first_of_week(day: date) -> date:
    """The day on which the week of `day` begins in this workspace."""
    return day - timedelta(days=(day.weekday() - present_manner().first_weekday) % 7)


def next_month(day: date, step: int = 1) -> date:
    """The first day of the month `step` months later."""
    number = day.year * 12 + day.month - 1 + step
    return date(number // 12, number % 12 + 1, 1)


def make_period(view: str, anchor: date, today: date | None = None) -> Period:
    """The period of a view that `anchor` lies in. A month shows whole weeks; a list shows the month itself.

    A list of the month of `today` begins with it and goes on through the month after: on the 29th, the posts of next
    week are what a person looks for.
    """
    anchor = min(max(anchor, EARLIEST), LATEST)
    if view == "week":
        first = first_of_week(anchor)
        return Period(view, anchor, first, first + timedelta(days=7))
    begin, end = anchor.replace(day=1), next_month(anchor)
    if view == "list":
        if today is not None and begin <= today < end:
            return Period(view, anchor, begin, next_month(anchor, 2), today)
        return Period(view, anchor, begin, end)
    last = first_of_week(end - timedelta(days=1)) + timedelta(days=7)
    return Period(view, anchor, first_of_week(begin), last)


def step_period(period: Period, step: int) -> date:
    """The day that names the period before (-1) or after (1)."""
    if period.view == "week":
        return period.first + timedelta(days=7 * step)
    if period.opens and step > 0:
        return period.end
    return next_month(period.anchor, step)


def name_period(period: Period) -> str:
    """What stands above the calendar."""
    if period.view != "week" and not period.opens:
        return write_month(period.anchor)
    return write_range(period.opens or period.first, period.end - timedelta(days=1))


def parse_day(text: str) -> date | None:
    """A day as the address writes it, or None."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
