"""Local times across the changes of the clock."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from kaja.channels.models import Channel, Slot
from kaja.content.models import Post, PostState, Variant
from kaja.content.plan.slots import find_free_slot, list_occurrences
from kaja.kernel.times import resolve_local
from kaja.workspaces.models import Workspace

TALLINN = ZoneInfo("Europe/Tallinn")
ZONES = ["UTC", "Europe/Tallinn", "America/New_York", "Asia/Taipei", "Australia/Lord_Howe", "America/St_Johns"]


def channel(name: str = "one") -> Channel:
    return Channel.objects.create(network="practice", account_id=name, name=name)


def planned(at: datetime, *channels: Channel) -> Post:
    post = Post.objects.create(state=PostState.SCHEDULED, due_at=at)
    for each in channels:
        Variant.objects.create(post=post, channel=each)
    return post


def test_a_nine_oclock_slot_stays_nine_oclock_when_summer_ends(in_workspace: Workspace) -> None:
    Slot.objects.create(channel=channel(), weekday=6, time=time(9))
    found = list_occurrences(datetime(2026, 10, 12, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC), TALLINN)
    assert [o.time.local.time() for o in found] == [time(9)] * 3
    assert [o.time.instant.hour for o in found] == [6, 7, 7]


def test_a_slot_in_the_skipped_hour_is_moved_and_said(in_workspace: Workspace) -> None:
    Slot.objects.create(channel=channel(), weekday=6, time=time(3, 30))
    free = find_free_slot([Slot.objects.get().channel_id], datetime(2027, 3, 27, tzinfo=UTC), TALLINN)
    assert free is not None
    assert free.kind == "skipped"
    assert free.local.time() == time(4, 30)


def test_the_next_free_slot_is_free_on_every_channel(in_workspace: Workspace) -> None:
    one, two = channel("one"), channel("two")
    for each in (one, two):
        Slot.objects.create(channel=each, weekday=0, time=time(9))
    Slot.objects.create(channel=two, weekday=1, time=time(9))
    now = datetime(2026, 11, 22, tzinfo=UTC)
    monday = datetime(2026, 11, 23, 7, tzinfo=UTC)
    planned(monday, two)
    assert find_free_slot([one.id], now, TALLINN).instant == monday  # type: ignore[union-attr]
    assert find_free_slot([one.id, two.id], now, TALLINN).instant == monday + timedelta(days=1)  # type: ignore[union-attr]


def test_a_deleted_post_frees_its_slot(in_workspace: Workspace) -> None:
    one = channel()
    Slot.objects.create(channel=one, weekday=0, time=time(9))
    monday = datetime(2026, 11, 23, 7, tzinfo=UTC)
    post = planned(monday, one)
    post.deleted_at = monday
    post.save()
    found = list_occurrences(monday, monday + timedelta(days=1), TALLINN)
    assert [o.taken for o in found] == [False]


def test_no_slots_and_a_full_year_give_none(in_workspace: Workspace) -> None:
    one = channel()
    now = datetime(2026, 11, 22, tzinfo=UTC)
    assert find_free_slot([one.id], now, TALLINN) is None
    Slot.objects.create(channel=one, weekday=0, time=time(9))
    for week in range(54):
        planned(resolve_local(datetime(2026, 11, 23, 9) + timedelta(weeks=week), TALLINN).instant, one)
    assert find_free_slot([one.id], now, TALLINN) is None
