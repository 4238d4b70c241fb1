"""What asks for a private reply: whole words, in any case, with accents or without; and when there is room."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from kaja.inbox.privately.conditions import Wanted, is_about, is_asking
from kaja.inbox.privately.times import find_open, find_room
from kaja.inbox.targets.hours import Hours

CHANNEL, POST = UUID(int=1), UUID(int=2)
TALLINN = ZoneInfo("Europe/Tallinn")
SHOP = Hours(TALLINN, dict.fromkeys(range(5), ((540, 1020),)))


@pytest.mark.parametrize(
    ("word", "text", "asks"),
    [
        ("price", "PRICE?", True),
        ("price", "the price, please", True),
        ("price", "prices", False),
        ("price*", "prices", True),
        ("price", "caprice", False),
        ("café", "CAFE", True),
        ("cafe", "Café!", True),
        ("цена", "ЦЕНА?", True),
        ("ёлка", "елка", True),
        ("цена", "оценка", False),
        ("õhtu", "Ohtu", True),
        ("ﬁne", "FINE", True),
        ("價格", "請問價格多少", True),
        ("が", "か", False),
        ("two words", "please two  words", False),
        ("two words", "TWO WORDS please", True),
        ("a.c", "abc", False),
    ],
)
def test_words_are_compared_as_people_read_them(word: str, text: str, asks: bool) -> None:
    assert is_asking(Wanted(words=(word,)), text) is asks


def test_a_pattern_finds_with_accents_and_without() -> None:
    assert is_asking(Wanted(pattern=r"caf[eé]\s+\d+"), "CAFÉ 12")
    assert is_asking(Wanted(pattern=r"cafe \d+"), "Café 12")
    assert not is_asking(Wanted(pattern=r"cafe \d+"), "Café")
    assert not is_asking(Wanted(), "anything")
    assert not is_asking(Wanted(pattern="(a+)+$"), "a" * 19_990 + "b" * 5)  # in linear time


def test_only_comments_below_own_posts_are_about_it() -> None:
    about: dict[str, Any] = {
        "kind": "comment",
        "channel_id": CHANNEL,
        "publication_id": None,
        "post_ref": "1",
        "post_url": "",
    }
    whole = Wanted(channel_ids=(CHANNEL,))
    assert is_about(whole, **about)
    for other in ({"kind": "direct"}, {"channel_id": POST}, {"post_ref": ""}, {"post_url": "https://other.test/"}):
        assert not is_about(whole, **{**about, **other})
    single = Wanted(publication_ids=(POST,))
    assert not is_about(single, **about)
    assert is_about(single, **{**about, "publication_id": POST})
    assert not is_about(single, **{**about, "publication_id": POST, "kind": "mention"})


def local(day: int, hour: int, minute: int = 0) -> datetime:
    """Of November 2026; the 2nd is a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=TALLINN).astimezone(UTC)


@pytest.mark.parametrize(
    ("at", "found"),
    [
        (local(2, 12), local(2, 12)),
        (local(2, 7), local(2, 9)),
        (local(2, 17), local(3, 9)),
        (local(6, 18), local(9, 9)),
        (local(8, 10), None),
    ],
)
def test_the_first_open_moment(at: datetime, found: datetime | None) -> None:
    until = local(8, 23) if found is None else local(15, 0)
    assert find_open(at, SHOP, until) == found


def test_a_day_has_room_for_so_many_and_no_more() -> None:
    taken: Counter[date] = Counter()
    at, found = local(6, 16), []
    while (room := find_room(at, SHOP, taken, 2, local(10, 12), timedelta(minutes=3))) is not None:
        taken[room.astimezone(TALLINN).date()] += 1
        found.append(room)
    assert found == [local(6, 16)] * 2 + [local(9, 9, 3)] * 2 + [local(10, 9, 3)] * 2
