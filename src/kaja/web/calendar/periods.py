"""Which days a view of the calendar shows, and how they are called."""

from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from kaja.kernel import clock

VIEWS = ("week", "month", "list")
EARLIEST, LATEST = date(1990, 1, 1), date(2200, 1, 1)

# Unicode CLDR 47, supplemental/weekData firstDay: Taiwan begins its week on Sunday; all others here on Monday.
SUNDAY_FIRST = frozenset({"zh-hant"})


@dataclass(frozen=True)
class Period:
    """The days first <= day < end of a view. `anchor` is the day that the address names."""

    view: str
    anchor: date
    first: date
    end: date

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range((self.end - self.first).days)]


def today_in(zone: ZoneInfo) -> date:
    """The present day of the workspace."""
    return timezone.localtime(clock.now(), zone).date()


def first_of_week(day: date, language: str) -> date:
    """The day on which the week of `day` begins for readers of the language."""
    begins = 6 if language.lower() in SUNDAY_FIRST else 0
    return day - timedelta(days=(day.weekday() - begins) % 7)


def next_month(day: date, step: int = 1) -> date:
    """The first day of the month `step` months later."""
    number = day.year * 12 + day.month - 1 + step
    return date(number // 12, number % 12 + 1, 1)


def make_period(view: str, anchor: date, language: str) -> Period:
    """The period of a view that `anchor` lies in. A month shows whole weeks; a list shows the month itself."""
    anchor = min(max(anchor, EARLIEST), LATEST)
    if view == "week":
        first = first_of_week(anchor, language)
        return Period(view, anchor, first, first + timedelta(days=7))
    begin, end = anchor.replace(day=1), next_month(anchor)
    if view == "list":
        return Period(view, anchor, begin, end)
    last = first_of_week(end - timedelta(days=1), language) + timedelta(days=7)
    return Period(view, anchor, first_of_week(begin, language), last)


def step_period(period: Period, step: int) -> date:
    """The day that names the period before (-1) or after (1)."""
    if period.view == "week":
        return period.first + timedelta(days=7 * step)
    return next_month(period.anchor, step)


def name_period(period: Period) -> str:
    """What stands above the calendar."""
    if period.view != "week":
        return date_format(period.anchor, pgettext("date format: a month", "F Y"))
    last = period.end - timedelta(days=1)
    # Translators: Django date format characters.
    whole = pgettext("date format: last day of a week", "j M Y")
    if period.first.year != last.year:
        begin = date_format(period.first, whole)
    elif period.first.month != last.month:
        begin = date_format(period.first, pgettext("date format: first day of a week", "j M"))
    else:
        begin = date_format(period.first, pgettext("date format: first day of a week in one month", "j"))
    return _("%(begin)s – %(end)s") % {"begin": begin, "end": date_format(last, whole)}


def parse_day(text: str) -> date | None:
    """A day as the address writes it, or None."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
