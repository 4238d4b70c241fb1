"""Days and times as the workspace writes them: one pattern for each length, for pages, fields and answers alike.

The year stands only where it is not this one. Patterns are Django's date format characters; the field that people type
into (`static/js/dates/`) draws the same ones, so it knows no others than `CHARACTERS`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from django.utils import timezone
from django.utils.dates import MONTHS, MONTHS_3, MONTHS_ALT, WEEKDAYS, WEEKDAYS_ABBR
from django.utils.translation import get_language

from kaja.kernel import clock
from kaja.workspaces.customs import find_first_weekday, is_month_first

CHARACTERS = "jndmMbFEYDl"


@dataclass(frozen=True)
class Patterns:
    """How one language and style writes: a day of this year and of another, both with their weekday, in full, the head
    of a column, a month; `apart` stands between day and time; `order` is that of the figures people type."""

    short: str
    whole: str
    weekday_short: str
    weekday_whole: str
    full: str
    head: str
    month: str
    order: str
    apart: str = ", "


# Each as its own locale writes it (Unicode CLDR 47, dates/calendars/gregorian, read 2026-11-29).
WORDS = {
    "en": Patterns("j M", "j M Y", "D j M", "D j M Y", "l, j F Y", "D j", "F Y", "dmy"),
    "en-month": Patterns("M j", "M j, Y", "D, M j", "D, M j, Y", "l, F j, Y", "D j", "F Y", "mdy"),
    "ru": Patterns("j E", "j E Y", "D, j E", "D, j E Y", "l, j E Y", "D j", "F Y", "dmy"),
    "et": Patterns("j. b", "j. b Y", "D, j. b", "D, j. b Y", "l, j. F Y", "D j.", "F Y", "dmy"),
    "zh-hant": Patterns(
        "n月j日", "Y年n月j日", "n月j日 D", "Y年n月j日 D", "Y年n月j日 l", "j日 D", "Y年n月", "ymd", apart=" "
    ),
}
FIGURES = {"dmy": ("d.m.", "d.m.Y"), "mdy": ("m/d", "m/d/Y"), "ymd": ("m-d", "Y-m-d")}


class Customs(Protocol):
    """What a workspace says about days."""

    time_zone: str
    date_style: str
    week_start: str


@dataclass(frozen=True)
class Manner:
    """The choices in force: style, whether English puts the month first, first day of the week (Monday is 0)."""

    style: str = ""
    month_first: bool = False
    first_weekday: int = 0


USUAL = Manner()
_manner: ContextVar[Manner] = ContextVar("kaja_dates", default=USUAL)


@contextmanager
def written_as(workspace: Customs) -> Iterator[None]:
    """Write days as the workspace does, until the end of the block."""
    own = Manner(
        workspace.date_style,
        is_month_first(workspace.time_zone),
        find_first_weekday(workspace.week_start, workspace.time_zone),
    )
    token = _manner.set(own)
    try:
        yield
    finally:
        _manner.reset(token)


def present_manner() -> Manner:
    """The choices in force; part of the key of whatever remembers a written day."""
    return _manner.get()


def patterns() -> Patterns:
    """How the present language and workspace write."""
    manner, language = _manner.get(), (get_language() or "en").lower()
    if language not in WORDS:
        language = language.partition("-")[0] if language.partition("-")[0] in WORDS else "en"
    words = WORDS["en-month" if language == "en" and manner.month_first else language]
    if not manner.style:
        return words
    short, whole = FIGURES[manner.style]
    apart = " " if language == "zh-hant" else ", "
    weekday = "{} D" if language == "zh-hant" else "D, {}" if language in ("ru", "et") else "D {}"
    long = weekday.replace("D", "l") if language != "en" else "l, {}"
    return Patterns(
        short, whole, weekday.format(short), weekday.format(whole), long.format(whole), words.head, words.month,
        manner.style, apart,
    )  # fmt: skip


# Shorter than Django's, which are cut words (“esmasp.”) or the whole ones (“星期一”); CLDR 47, abbreviated weekdays.
SHORT_WEEKDAYS = {"et": tuple("ETKNRLP"), "zh-hant": tuple(f"週{day}" for day in "一二三四五六日")}


def _names(character: str) -> list[str]:
    """The names that a pattern's character stands for, in the present language."""
    language = (get_language() or "en").lower()
    if character == "D" and language in SHORT_WEEKDAYS:
        return list(SHORT_WEEKDAYS[language])
    known: dict[str, Any] = {
        "D": WEEKDAYS_ABBR,
        "l": WEEKDAYS,
        "b": MONTHS_3,
        "M": MONTHS_3,
        "F": MONTHS,
        "E": MONTHS_ALT,
    }
    names = [str(known[character][key]) for key in sorted(known[character])]
    return [name.title() for name in names] if character == "M" else names


def _written(value: date, pattern: str) -> str:
    parts = {"j": str(value.day), "d": f"{value.day:02}", "n": str(value.month), "m": f"{value.month:02}"}
    parts["Y"] = str(value.year)
    text = ""
    for each in pattern:
        if each in "Dl":
            name = _names(each)[value.weekday()]
            # Russian writes weekdays small, and “Moved to …” puts them into a sentence; a column's head is a title.
            text += name.lower() if get_language() == "ru" and pattern != patterns().head else name
        elif each in "MbFE":
            text += _names(each)[value.month - 1]
        else:
            text += parts.get(each, each)
    return text


def _local(value: date) -> date:
    return timezone.localtime(value) if isinstance(value, datetime) and timezone.is_aware(value) else value


def _this_year(value: date) -> bool:
    return value.year == timezone.localtime(clock.now()).year


def write_day(value: date | None) -> str:
    """“27 Nov”, with the year where it is not this one."""
    if not value:
        return ""
    local, known = _local(value), patterns()
    return _written(local, known.short if _this_year(local) else known.whole)


def write_weekday(value: date | None) -> str:
    """“Fri 27 Nov”: a day that people plan with."""
    if not value:
        return ""
    local, known = _local(value), patterns()
    return _written(local, known.weekday_short if _this_year(local) else known.weekday_whole)


def write_moment(value: datetime | None) -> str:
    """“Fri 27 Nov, 09:00”, in the zone in force."""
    if not value:
        return ""
    return f"{write_weekday(value)}{patterns().apart}{_local(value):%H:%M}"


def write_second(value: datetime) -> str:
    """The same to the second, for logs."""
    return f"{write_moment(value)}:{_local(value):%S}"


def write_full_day(value: date) -> str:
    """“Friday, 27 November 2026”."""
    return _written(_local(value), patterns().full)


def write_head(value: date) -> str:
    """“Fri 27”: the head of a column."""
    return _written(value, patterns().head)


def write_month(value: date) -> str:
    """“November 2026”."""
    return _written(value, patterns().month)


def write_range(first: date, last: date) -> str:
    """“23 – 29 Nov 2026”: what both days share stands once, where the order of writing has it."""
    known = patterns()
    begin, end = _written(first, known.whole), _written(last, known.whole)
    if known.whole in dict(FIGURES.values()).values() or first.year != last.year:
        return f"{begin} – {end}"
    one_month = first.month == last.month
    if known.order == "ymd":
        return f"{begin} – {_written(last, 'j日' if one_month else known.short)}"
    if known.order == "mdy":
        year = f", {last.year}"
        if one_month:
            return f"{_written(first, known.short)} – {last.day}{year}"
        return f"{_written(first, known.short)} – {_written(last, known.short)}{year}"
    day = known.short.partition(" ")[0]
    return f"{_written(first, day if one_month else known.short)} – {end}"


def describe_dates() -> dict[str, Any]:
    """What the fields for days and times know (`static/js/dates/`): patterns, names, order, first day of the week."""
    known = patterns()
    return {
        "pattern": known.weekday_whole,
        "short": known.weekday_short,
        "full": known.full,
        "month": known.month,
        "apart": known.apart,
        "order": known.order,
        "first": _manner.get().first_weekday,
        "months": {key: _names(key) for key in "MbFE"},
        "weekdays": [_written(date(2024, 1, n + 1), "D") for n in range(7)],
        "days": _names("l"),
        "zone": timezone.get_current_timezone_name(),
        "today": timezone.localtime(clock.now()).date().isoformat(),
    }
