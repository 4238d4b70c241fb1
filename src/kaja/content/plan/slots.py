"""Weekly slots as instants, and the next one that is free."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q

from kaja.channels.models import Slot
from kaja.channels.slots import list_connected_slots
from kaja.content.models import Post, PostState
from kaja.kernel.times import ResolvedTime, resolve_local

HORIZON_DAYS = 366
"""How far ahead a free slot is looked for; a queue that is full for a year needs more slots, not a later one."""


@dataclass(frozen=True)
class Occurrence:
    """One slot at one instant. `taken` says that a post stands there already."""

    slot: Slot
    time: ResolvedTime
    taken: bool


def occurrences(
    slots: Sequence[Slot], begin: datetime, end: datetime, zone: ZoneInfo
) -> Iterator[tuple[Slot, ResolvedTime]]:
    """Every occurrence with begin <= instant < end, in order. A 09:00 slot is 09:00 on every day of the year."""
    day = begin.astimezone(zone).date() - timedelta(days=1)
    last = end.astimezone(zone).date() + timedelta(days=1)
    while day <= last:
        found = [
            (slot, resolve_local(datetime.combine(day, slot.time), zone))
            for slot in slots
            if slot.weekday == day.weekday()
        ]
        for slot, resolved in sorted(found, key=lambda pair: pair[1].instant):
            if begin <= resolved.instant < end:
                yield slot, resolved
        day += timedelta(days=1)


def taken_instants(
    channel_ids: Collection[UUID], begin: datetime, end: datetime, besides: UUID | None = None
) -> set[tuple[UUID, datetime]]:
    """(channel, instant) pairs at which a live post already stands, one post left out."""
    rows = Post.objects.filter(
        deleted_at__isnull=True,
        due_at__gte=begin,
        due_at__lt=end,
        variants__channel_id__in=channel_ids,
        variants__removed_at__isnull=True,
    ).exclude(Q(state=PostState.IDEA) | Q(id=besides))
    return {(channel, due) for channel, due in rows.values_list("variants__channel_id", "due_at") if due is not None}


def list_occurrences(
    begin: datetime,
    end: datetime,
    zone: ZoneInfo,
    channel_ids: Collection[UUID] | None = None,
    *,
    taken: Callable[[], Collection[tuple[UUID, datetime]]] | None = None,
) -> list[Occurrence]:
    """The slots of a stretch of the calendar. Two queries, however many slots there are; one when the caller knows
    already which (channel, instant) pairs are `taken` (asked only where there are slots)."""
    rows = list_connected_slots()
    if channel_ids is not None:
        rows = [slot for slot in rows if slot.channel_id in channel_ids]
    if not rows:
        return []
    busy = taken() if taken else taken_instants({slot.channel_id for slot in rows}, begin, end)
    return [
        Occurrence(slot, resolved, (slot.channel_id, resolved.instant) in busy)
        for slot, resolved in occurrences(rows, begin, end, zone)
    ]


def list_channels_with_slot(channel_ids: Collection[UUID], instant: datetime, zone: ZoneInfo) -> set[UUID]:
    """Which of the channels have a weekly slot at this instant."""
    slots = list(Slot.objects.filter(channel_id__in=channel_ids))
    return {slot.channel_id for slot, _ in occurrences(slots, instant, instant + timedelta(seconds=1), zone)}


def find_free_slots(
    wanted: Mapping[UUID, Collection[UUID]], after: datetime, zone: ZoneInfo
) -> dict[UUID, ResolvedTime | None]:
    """For many posts, each with its channels, one after the other the next slot that is free then. Two queries."""
    channels = {channel for each in wanted.values() for channel in each}
    slots = list(Slot.objects.filter(channel_id__in=channels, channel__disconnected_at__isnull=True))
    begin, last = after + timedelta(seconds=1), after + timedelta(days=HORIZON_DAYS)
    busy = taken_instants(channels, begin, last)
    found: dict[UUID, ResolvedTime | None] = {}
    for post_id, own in wanted.items():
        found[post_id] = None
        for _, resolved in occurrences([slot for slot in slots if slot.channel_id in own], begin, last, zone):
            if not any((channel, resolved.instant) in busy for channel in own):
                busy |= {(channel, resolved.instant) for channel in own}
                found[post_id] = resolved
                break
    return found


def find_free_slot(
    channel_ids: Collection[UUID],
    after: datetime,
    zone: ZoneInfo,
    *,
    besides: UUID | None = None,
    slots: Sequence[Slot] | None = None,
) -> ResolvedTime | None:
    """The first slot of any of the channels, later than `after`, at which none of the channels has a post `besides`.

    None when the channels have no slots, or none is free within a year. Give the `slots` of the connected channels
    where they were read already.
    """
    if slots is None:
        slots = list(Slot.objects.filter(channel_id__in=channel_ids, channel__disconnected_at__isnull=True))
    if not slots:
        return None
    begin, last = after + timedelta(seconds=1), after + timedelta(days=HORIZON_DAYS)
    # The first free one is mostly near, and a year of posts may be many: look in stretches that grow.
    days = 14
    while begin < last:
        end = min(last, begin + timedelta(days=days))
        busy = {instant for _, instant in taken_instants(channel_ids, begin, end, besides)}
        for _, resolved in occurrences(slots, begin, end, zone):
            if resolved.instant not in busy:
                return resolved
        begin, days = end, days * 3
    return None
