"""Business hours: sums and ends, on days of 23, 24 and 25 hours."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaja.inbox.targets.hours import DAY, LONGEST, Hours, count_open, find_end, parse_week

TALLINN = ZoneInfo("Europe/Tallinn")
TAIPEI = ZoneInfo("Asia/Taipei")
NINE_TO_SIX = Hours(TALLINN, dict.fromkeys(range(5), ((9 * 60, 18 * 60),)))


def at(text: str, zone: ZoneInfo = TALLINN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


@pytest.mark.parametrize(
    ("since", "minutes", "end"),
    [
        ("2026-11-30T10:00", 60, "2026-11-30T11:00"),
        ("2026-11-30T17:30", 60, "2026-12-01T09:30"),
        ("2026-11-27T17:59", 2, "2026-11-30T09:01"),  # over a weekend
        ("2026-11-28T12:00", 60, "2026-11-30T10:00"),  # asked on a Saturday
        ("2026-11-30T08:00", 540, "2026-11-30T18:00"),  # a whole day ends when it closes, not when the next opens
        ("2026-11-30T08:00", 541, "2026-12-01T09:01"),
    ],
)
def test_an_answer_is_due_when_so_much_of_the_hours_is_over(since: str, minutes: int, end: str) -> None:
    assert find_end(at(since), timedelta(minutes=minutes), NINE_TO_SIX) == at(end)


def test_closed_days_do_not_count() -> None:
    hours = Hours(TALLINN, NINE_TO_SIX.week, {date(2026, 12, 24), date(2026, 12, 25)})
    assert find_end(at("2026-12-23T17:00"), timedelta(hours=2), hours) == at("2026-12-28T10:00")
    assert count_open(at("2026-12-23T00:00"), at("2026-12-28T00:00"), hours) == timedelta(hours=9)


@pytest.mark.parametrize(("day", "length"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)])
def test_around_the_clock_a_day_has_as_many_hours_as_it_has(day: str, length: int) -> None:
    begin = at(f"{day}T00:00")
    end = at(f"{date.fromisoformat(day) + timedelta(days=1)}T00:00")
    assert count_open(begin, end, Hours(TALLINN)) == timedelta(hours=length)


def test_a_night_shift_over_the_change_of_clocks_has_the_hours_that_pass() -> None:
    night = Hours(TALLINN, {6: ((0, 6 * 60),)})
    assert count_open(at("2026-03-29T00:00"), at("2026-03-29T12:00"), night) == timedelta(hours=5)
    assert count_open(at("2026-10-25T00:00"), at("2026-10-25T12:00"), night) == timedelta(hours=7)


def test_who_is_never_there_is_never_late() -> None:
    assert find_end(at("2026-11-30T10:00"), timedelta(minutes=1), Hours(TALLINN, {})) is None


weeks = st.dictionaries(
    st.integers(0, 6),
    st.lists(st.integers(0, DAY), min_size=2, max_size=6, unique=True).map(
        lambda marks: tuple(zip(sorted(marks)[::2], sorted(marks)[1::2], strict=False))
    ),
    min_size=1,
)
instants = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))


@given(weeks, instants, st.integers(1, 40 * 60), st.sampled_from([TALLINN, TAIPEI]))
def test_what_is_due_then_is_exactly_so_much_later(
    week: dict[int, tuple[tuple[int, int], ...]], since: datetime, minutes: int, zone: ZoneInfo
) -> None:
    hours, wanted = Hours(zone, week), timedelta(minutes=minutes)
    end = find_end(since, wanted, hours)
    if end is None:
        assert count_open(since, since + LONGEST, hours) < wanted
        return
    assert count_open(since, end, hours) == wanted
    # and not a moment before
    assert count_open(since, end - timedelta(seconds=1), hours) == wanted - timedelta(seconds=1)


@given(weeks, st.lists(instants, min_size=3, max_size=3))
def test_parts_make_the_whole(week: dict[int, tuple[tuple[int, int], ...]], moments: list[datetime]) -> None:
    first, middle, last = sorted(moments)
    hours = Hours(TALLINN, week)
    assert count_open(first, middle, hours) + count_open(middle, last, hours) == count_open(first, last, hours)


@pytest.mark.parametrize(
    "given",
    [{"7": []}, {"0": [[10, 10]]}, {"0": [[0, 1441]]}, {"0": [[0, 60], [30, 90]]}, {"0": "no"}, {"0": [["a", 1]]}],
)
def test_no_week_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"hours|weekday"):
        parse_week(given)


def test_a_week_is_put_in_order() -> None:
    assert parse_week({"0": [[600, 700], [0, 60]]}) == {0: ((0, 60), (600, 700))}
