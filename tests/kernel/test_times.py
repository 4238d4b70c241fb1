"""Local times across the changes of the clock."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaja.kernel.times import find_local_day, move_to_day, resolve_local, wall_of

TALLINN = ZoneInfo("Europe/Tallinn")
ZONES = ["UTC", "Europe/Tallinn", "America/New_York", "Asia/Taipei", "Australia/Lord_Howe", "America/St_Johns"]


def test_a_skipped_time_moves_forward_by_the_gap() -> None:
    resolved = resolve_local(datetime(2027, 3, 28, 3, 30), TALLINN)
    assert resolved.kind == "skipped"
    assert resolved.local.replace(tzinfo=None) == datetime(2027, 3, 28, 4, 30)
    assert resolved.instant == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)


def test_a_doubled_time_is_its_first_occurrence() -> None:
    resolved = resolve_local(datetime(2026, 10, 25, 3, 30), TALLINN)
    assert resolved.kind == "doubled"
    assert resolved.instant == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_naive_time_is_required() -> None:
    with pytest.raises(ValueError, match="naive"):
        resolve_local(datetime(2026, 1, 1, tzinfo=UTC), TALLINN)


@given(
    wall=st.datetimes(datetime(2020, 1, 1), datetime(2036, 1, 1)),
    zone=st.sampled_from(ZONES).map(ZoneInfo),
)
def test_what_is_resolved_is_a_real_time_and_never_earlier_on_the_clock(wall: datetime, zone: ZoneInfo) -> None:
    resolved = resolve_local(wall, zone)
    shown = resolved.local.replace(tzinfo=None)
    assert resolved.instant.astimezone(zone) == resolved.local
    assert (shown == wall) == (resolved.kind != "skipped")
    assert timedelta(0) <= shown - wall <= timedelta(hours=2)


@given(day=st.dates(date(2020, 1, 1), date(2036, 1, 1)), zone=st.sampled_from(ZONES).map(ZoneInfo))
def test_days_follow_each_other_without_gap_or_overlap(day: date, zone: ZoneInfo) -> None:
    assert find_local_day(day, zone)[1] == find_local_day(day + timedelta(days=1), zone)[0]


@given(
    instant=st.datetimes(datetime(2020, 1, 1), datetime(2036, 1, 1), timezones=st.just(UTC)),
    day=st.dates(date(2020, 1, 1), date(2036, 1, 1)),
)
def test_a_moved_post_keeps_its_time_of_day(instant: datetime, day: date) -> None:
    moved = move_to_day(instant, day, TALLINN)
    if moved.kind != "skipped":
        assert moved.local.date() == day
        assert moved.local.time() == instant.astimezone(TALLINN).time()


@given(
    instant=st.datetimes(datetime(2020, 1, 1), datetime(2036, 1, 1), timezones=st.just(UTC)),
    zone=st.sampled_from(ZONES).map(ZoneInfo),
)
def test_what_the_clocks_show_is_no_instant_and_leads_back_to_its_own(instant: datetime, zone: ZoneInfo) -> None:
    wall = wall_of(instant, zone)
    assert wall.tzinfo is None
    back = resolve_local(wall, zone)
    # Of a doubled time the first occurrence; a wall that was shown is never a skipped one.
    assert back.kind != "skipped"
    assert timedelta(0) <= instant - back.instant <= timedelta(hours=2 if back.kind == "doubled" else 0)
