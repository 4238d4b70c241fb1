"""Lists that are newest first: nothing is missed, whatever comes late, is refused, breaks off or is ignored."""

import json
import random
from datetime import timedelta

import pytest

from kaja.networks.kit.reading import Cursor, Page, Past
from tests.reading.invented import Invented


def kept(cursor: Cursor) -> Cursor:
    """As it comes back from the database."""
    found: Cursor = json.loads(json.dumps(cursor))
    return found


async def read_until_quiet(network: Invented, cursor: Cursor, seen: set[str]) -> Page:
    """Looks until there is no more; what was read goes into `seen`."""
    for _ in range(1000):
        page = await network.walk.read(kept(cursor))
        seen |= {item.id for item in page.items}
        cursor = page.cursor
        if page.again_after:
            return page
    raise AssertionError("it never ends")


async def read_history(network: Invented, cursor: Cursor | None, seen: set[str]) -> Past:
    past = Past((), cursor)
    for _ in range(1000):
        if past.cursor is None:
            return past
        past = await network.walk.read_before(kept(past.cursor))
        seen |= {item.id for item in past.items}
    raise AssertionError("it never ends")


async def test_the_newest_come_first_and_history_goes_back_to_the_oldest() -> None:
    network, seen = Invented(), set[str]()
    network.write(*"abcdefgh")
    page = await network.walk.read({})
    assert [item.id for item in page.items] == ["h", "g", "f"]
    assert (page.reaches_back, page.before is not None) == (network.items["f"].at, True)
    past = await read_history(network, page.before, seen)
    assert seen == set("abcde")
    assert past.reaches_back == network.items["a"].at


async def test_an_empty_account_is_read_from_now_on() -> None:
    network, seen = Invented(), set[str]()
    page = await network.walk.read({})
    assert (page.items, page.before, page.reaches_back) == ((), None, page.complete_until)
    network.write("a")
    assert {item.id for item in (await network.walk.read(page.cursor)).items} == {"a"}
    await read_until_quiet(network, page.cursor, seen)
    assert seen == {"a"}


async def test_a_walk_over_many_pages_moves_the_mark_only_at_its_end() -> None:
    network, seen = Invented(), set[str]()
    network.write("a")
    network.wait(minutes=5)
    begun = await network.walk.read({})
    network.write(*"bcdefgh")
    network.wait(minutes=5)
    first = await network.walk.read(begun.cursor)
    assert (first.again_after, first.complete_until) == (0.0, begun.complete_until)
    network.write("i", "j")  # while it is under way: the next walk's
    last = await read_until_quiet(network, first.cursor, seen)
    assert set("bcde") <= seen
    assert last.complete_until is not None
    assert last.complete_until < network.items["i"].at
    await read_until_quiet(network, last.cursor, seen)
    assert {"i", "j"} <= seen


async def test_what_begins_to_be_listed_late_is_not_passed() -> None:
    network, seen = Invented(), set[str]()
    page = await read_until_quiet(network, {}, seen)
    network.write("late")
    network.hidden.add("late")
    network.write("a", "b")
    page = await read_until_quiet(network, page.cursor, seen)
    assert page.again_after == 30.0, "it looks again as soon as nothing can come before what it saw"
    network.wait(seconds=20)
    network.hidden.clear()
    await read_until_quiet(network, page.cursor, seen)
    assert seen == {"a", "b", "late"}


async def test_a_cursor_that_expired_begins_the_walk_again_to_the_same_mark() -> None:
    network, seen = Invented(), set[str]()
    network.write("a")
    network.wait(minutes=5)
    begun = await network.walk.read({})
    network.write(*"bcdefgh")
    first = await network.walk.read(begun.cursor)
    network.forgets_cursors = True
    refused = await network.walk.read(first.cursor)
    assert (refused.items, refused.cursor, refused.again_after) == ((), {"settled": begun.cursor["settled"]}, 0.0)
    network.forgets_cursors = False
    await read_until_quiet(network, refused.cursor, seen)
    assert set("bcdefgh") <= seen


async def test_history_whose_cursor_always_expires_ends_and_says_how_far_it_came() -> None:
    network, seen = Invented(), set[str]()
    network.write(*"abcdefgh")
    page = await network.walk.read({})
    network.forgets_cursors = True
    await read_history(network, page.before, seen)
    assert seen <= {"h", "g", "f"}, "each restart reads the top again"


async def test_a_server_that_ignores_cursors_is_read_as_far_as_its_one_page_goes() -> None:
    network, seen = Invented(ignores_cursors=True), set[str]()
    network.write(*"abcd")
    network.wait(minutes=5)
    page = await network.walk.read({})
    past = await read_history(network, page.before, seen)
    assert past.reaches_back is None, "no further than the stream's first page"
    network.write("e", "f")
    page = await read_until_quiet(network, page.cursor, seen)
    assert {"e", "f"} <= seen
    network.wait(minutes=5)
    network.write(*"ghijk")  # more than a page holds
    page = await read_until_quiet(network, page.cursor, seen)
    assert page.reaches_back == network.items["i"].at, "what lies between is lost, and it says so"


async def test_what_cannot_be_read_stops_nothing_and_is_counted() -> None:
    network = Invented()
    network.write(*"abc")
    network.broken.add("b")
    page = await network.walk.read({})
    assert ([item.id for item in page.items], page.unread) == (["c", "a"], 1)


@pytest.mark.parametrize("seed", range(20))
async def test_nothing_is_missed_whatever_happens(seed: int) -> None:
    """Comments come in bursts, some late by up to what is allowed for, while looks break off anywhere."""
    chance = random.Random(seed)
    network, seen = Invented(page=chance.randint(1, 4)), set[str]()
    network.write(*(f"old{number}" for number in range(chance.randint(0, 9))))
    first = await network.walk.read({})
    seen |= {item.id for item in first.items}
    cursor = first.cursor
    assert first.reaches_back is not None
    for step in range(60):
        for number in range(chance.choice([0, 0, 1, 3, 8])):
            network.write(name := f"{step}-{number}")
            if chance.random() < 0.3:
                network.hidden.add(name)
        network.wait(seconds=chance.choice([0, 1, 10]))
        network.hidden = {
            name for name in network.hidden if network.clock - network.items[name].at < timedelta(seconds=25)
        }
        network.forgets_cursors = chance.random() < 0.1
        page = await network.walk.read(kept(cursor))
        if chance.random() < 0.8:  # else the worker dies before it is kept
            cursor = page.cursor
            seen |= {item.id for item in page.items}
            if page.complete_until is not None:
                missed = {
                    name
                    for name, item in network.items.items()
                    if first.reaches_back <= item.at < page.complete_until and name not in network.hidden
                }
                assert missed <= seen, "what it calls complete is complete"
    network.hidden.clear()
    network.forgets_cursors = False
    network.wait(minutes=5)
    under_way = await read_until_quiet(network, cursor, seen)
    await read_until_quiet(network, under_way.cursor, seen)
    await read_history(network, first.before, seen)
    assert seen == set(network.items)
