"""How a workspace writes days and begins its week: its own choice, else what is usual in the country of its zone."""

from functools import cache
from importlib.resources import files

from django.db import models
from django.utils.translation import gettext_lazy as _


class DateStyle(models.TextChoices):
    """In which order a day is written. Empty means in words, as the reader's language does it."""

    WORDS = "", _("In words, as the language does it")
    DAY_FIRST = "dmy", "31.12.2026"
    MONTH_FIRST = "mdy", "12/31/2026"
    YEAR_FIRST = "ymd", "2026-12-31"


class WeekStart(models.TextChoices):
    """The first day of the week. Empty means as the country does it."""

    COUNTRY = "", _("As usual in the country of the time zone")
    MONDAY = "mon", _("Monday")
    SATURDAY = "sat", _("Saturday")
    SUNDAY = "sun", _("Sunday")


WEEKDAYS = {WeekStart.MONDAY: 0, WeekStart.SATURDAY: 5, WeekStart.SUNDAY: 6}

# Unicode CLDR 47, supplemental/weekData firstDay, read 2026-11-29; all other countries begin on Monday (001), the
# Maldives on Friday, which nobody is asked to choose here.
_SUNDAY_FIRST = (
    "AG AS BD BR BS BT BW BZ CA CO DM DO ET GT GU HK HN ID IL IN IS JM JP KE "
    "KH KR LA MH MM MO MT MX MZ NI NP PA PE PH PK PR PT PY SA SG SV TH TT TW "
    "UM US VE VI WS YE ZA ZW "
)
SUNDAY_FIRST = frozenset(_SUNDAY_FIRST.split())
_SATURDAY_FIRST = "AE AF BH DJ DZ EG IQ IR JO KW LY OM QA SD SY"
SATURDAY_FIRST = frozenset(_SATURDAY_FIRST.split())
# CLDR 47, the English locales whose medium date begins with the month, of countries that have a zone of their own.
_MONTH_FIRST = "AS GU MH MP PH PR UM US VI"
MONTH_FIRST = frozenset(_MONTH_FIRST.split())


@cache
def _countries() -> dict[str, str]:
    """The country of each zone, from the table that comes with the zones' data."""
    lines = (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return {row[2]: row[0] for row in rows}


def country_of(time_zone: str) -> str:
    """The country (ISO 3166) that a zone lies in; empty for zones of none, such as UTC."""
    return _countries().get(time_zone, "")


def find_first_weekday(week_start: str, time_zone: str) -> int:
    """The day that begins the week; Monday is 0."""
    if week_start in WEEKDAYS:
        return WEEKDAYS[WeekStart(week_start)]
    country = country_of(time_zone)
    return 6 if country in SUNDAY_FIRST else 5 if country in SATURDAY_FIRST else 0


def is_month_first(time_zone: str) -> bool:
    """Whether English is written there with the month before the day."""
    return country_of(time_zone) in MONTH_FIRST
