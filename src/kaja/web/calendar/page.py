"""What a view of the calendar draws: days, hours, cards, free slots."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import get_language

from kaja.content.plan.slots import list_occurrences
from kaja.kernel import clock
from kaja.kernel.times import find_local_day, resolve_local
from kaja.publishing.calendar import list_calendar
from kaja.publishing.choices import Choice, Choices
from kaja.web.calendar.cards import Card, FreeSlot, Manner, SlotPrinter, card_of, printer_for
from kaja.web.calendar.days import Day, Hour, name_day
from kaja.web.calendar.filters import Wanted
from kaja.web.calendar.periods import Period, today_in
from kaja.web.dates import describe_dates, present_manner
from kaja.workspaces.actor import Actor
from kaja.workspaces.policy import Permission, can

FIRST_HOUR, LAST_HOUR = 7, 21
"""Hours outside these are drawn thin while nothing stands in them."""
USUAL_TIME, LAST_HOUR_OF_DAY = time(9), 23
Marks = Mapping[UUID, Choice]
"""The channels of the workspace, in their order."""


@dataclass(frozen=True)
class Page:
    """Everything that is drawn. `total` counts what matches, also what is not drawn; `thin` are quiet hours; `earlier`
    counts the posts before today that a list leaves out."""

    days: list[Day]
    total: int
    drawn: int
    thin: frozenset[int]
    transitions: list[dict[str, str]]
    earlier: int = 0


def find_transitions(days: Sequence[date], zone: ZoneInfo) -> list[dict[str, str]]:
    """The wall-clock times that do not exist or come twice, to the quarter of an hour. Mostly none."""
    found = []
    for day in days:
        midnight = datetime.combine(day, datetime.min.time(), zone)
        if midnight.utcoffset() == (midnight + timedelta(days=1)).utcoffset():
            continue
        quarters = [datetime.combine(day, datetime.min.time()) + timedelta(minutes=15 * n) for n in range(96)]
        for wall in quarters:
            resolved = resolve_local(wall, zone)
            if resolved.kind != "exact":
                found.append(
                    {"at": f"{wall:%Y-%m-%dT%H:%M}", "kind": resolved.kind, "really": f"{resolved.local:%H:%M}"}
                )
    return found


def _make_days(period: Period, zone: ZoneInfo) -> list[Day]:
    today = today_in(zone)
    month = period.anchor.month
    language, manner = get_language() or "", present_manner()
    return [
        Day(
            day,
            *name_day(day, language, manner),
            today=day == today,
            past=day < today,
            outside=period.view == "month" and day.month != month,
        )
        for day in period.days
    ]


def _free_slots(
    begin: datetime, end: datetime, zone: ZoneInfo, wanted: Wanted, cards: list[Card], slug: str, marks: Marks
) -> list[FreeSlot]:
    begin = max(begin, clock.now())
    if begin >= end or wanted.state not in ("", "planned"):
        return []

    def taken() -> set[tuple[UUID, datetime]]:
        return {(each, card.local) for card in cards for each in card.row.list_channels()}

    only = [UUID(wanted.channel)] if wanted.channel else None
    free: dict[datetime, list[UUID]] = defaultdict(list)
    local: dict[datetime, datetime] = {}
    for each in list_occurrences(begin, end, zone, only, taken=None if wanted.filtered else taken):
        if not each.taken:
            free[each.time.instant].append(each.slot.channel_id)
            local[each.time.instant] = each.time.local
    printer = SlotPrinter(slug, marks)
    return [printer.slot(local[instant], channels) for instant, channels in sorted(free.items())]


def _write_on(day: Day, zone: ZoneInfo, wanted: Wanted, slug: str) -> str:
    """Where a post for the day is written: at its first free slot, else in the morning, and never in the past."""
    now = clock.now().astimezone(zone)
    at = day.slots[0].local.time() if day.slots else USUAL_TIME
    if day.past or (day.today and now.hour == LAST_HOUR_OF_DAY):
        return ""
    if day.today and at <= now.time():
        at = time(now.hour + 1)
    asked = {"at": f"{day.iso}T{at:%H:%M}"} | ({"channel": wanted.channel} if wanted.channel else {})
    return f"{reverse('composer:new', args=[slug])}?{urlencode(asked)}"


def make_page(period: Period, wanted: Wanted, choices: Choices, zone: ZoneInfo, slug: str, actor: Actor) -> Page:
    """Read and lay out one view. Two queries, whatever the number of posts."""
    begin, end = find_local_day(period.first, zone)[0], find_local_day(period.end, zone)[0]
    stretch = list_calendar(begin, end, wanted.post_filter())
    marks = {UUID(choice.value): choice for choice in choices.channel}
    manner = Manner(
        slug, zone, get_language() or "", can(actor, Permission.WRITE), can(actor, Permission.PUBLISH),
        tuple(choices.channel),
    )  # fmt: skip
    printer = printer_for(manner)
    cards = [card_of(printer, row) for row in stretch.rows]
    total = stretch.total
    if wanted.state:
        matching = [card for card in cards if card.look == wanted.state]
        total -= len(cards) - len(matching)
        cards = matching
    days = {day.day: day for day in _make_days(period, zone)}
    earlier = 0
    for card in cards:
        day = days[card.local.date()]
        if period.opens and day.past:  # one press away
            earlier += 1
        else:
            day.cards.append(card)
    if can(actor, Permission.WRITE) and period.view != "list":
        for slot in _free_slots(begin, end, zone, wanted, cards, slug, marks):
            days[slot.local.date()].slots.append(slot)
    if can(actor, Permission.WRITE) and period.view != "list":
        for day in days.values():
            day.write = _write_on(day, zone, wanted, slug)
    listed = list(days.values())
    transitions = find_transitions(period.days, zone)
    thin = _lay_out_hours(listed, transitions) if period.view == "week" else frozenset[int]()
    return Page(listed, total, len(cards), thin, transitions, earlier)


def _lay_out_hours(days: list[Day], transitions: list[dict[str, str]]) -> frozenset[int]:
    kinds = {each["at"][:13]: each["kind"] for each in transitions}
    used: set[int] = set()
    for day in days:
        day.hours = [Hour(f"{day.iso}T{n:02}:00", kinds.get(f"{day.iso}T{n:02}", "exact")) for n in range(24)]
        # The sort is stable and by instant, so the second 03:30 of a doubled hour follows the first.
        items: list[Card | FreeSlot] = [*day.cards, *day.slots]
        for item in sorted(items, key=lambda item: (item.local.timestamp(), item.local)):
            day.hours[item.local.hour].items.append(item)
            used.add(item.local.hour)
        used |= {n for n, hour in enumerate(day.hours) if hour.kind != "exact"}
    return frozenset(n for n in range(24) if n not in used and not FIRST_HOUR <= n <= LAST_HOUR)


def make_facts(page: Page, wanted: Wanted, zone: ZoneInfo, addresses: dict[str, str], language: str) -> dict[str, Any]:
    """What the page's scripts know beside the cards."""
    return {
        "view": wanted.view,
        "zone": zone.key,
        "language": language,
        "transitions": page.transitions,
        "dates": describe_dates(),
        **addresses,
    }
