"""Looking back through a list: where it ends, and what a list that cannot be turned says."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from kaja.networks.kit.content import Outgoing
from kaja.networks.kit.guards import Failed
from kaja.networks.kit.newest import find_back, look_at_noted, note_newest, read_back, read_newest, resolve_own
from kaja.networks.kit.outcome import refused_problem, target_gone
from kaja.networks.kit.results import AbsentAsOf, Found, NoSuchPost, Rejected, RemoteRef

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
Item = tuple[str, datetime | None]


def item(number: int) -> Item:
    return str(number), NOW - timedelta(minutes=number)


class Listed:
    def __init__(self, items: Sequence[Item], size: int, turns: bool = True) -> None:
        self.items, self.size, self.turns, self.asked = list(items), size, turns, 0

    async def fetch(self, cursor: str) -> tuple[Sequence[Item], str]:
        self.asked += 1
        start = int(cursor or 0) if self.turns else 0
        page = self.items[start : start + self.size]
        return page, str(start + self.size) if page else ""


async def read(listed: Listed, minutes: float = 5, **how: object) -> tuple[list[str], bool]:
    found, complete = await read_back(
        listed.fetch,
        lambda each: each[1],
        NOW - timedelta(minutes=minutes),
        **how,  # type: ignore[arg-type]
    )
    return [name for name, _ in found], complete


async def test_it_ends_with_what_is_older_and_with_what_is_known() -> None:
    assert await read(Listed([item(n) for n in range(10)], 3)) == (["0", "1", "2", "3", "4", "5"], True)
    known = await read(Listed([item(n) for n in range(10)], 3), id_of=lambda each: each[0], known={"2"})
    assert known == (["0", "1"], True)


async def test_a_list_that_is_too_long_is_not_complete() -> None:
    assert await read(Listed([item(n) for n in range(10)], 2), minutes=60, pages=3) == (list("012345"), False)


@pytest.mark.parametrize(("count", "complete"), [(2, True), (8, False)])
async def test_a_list_that_ignores_cursors_is_complete_when_it_is_short(count: int, complete: bool) -> None:
    listed = Listed([item(n) for n in range(count)], 8, turns=False)
    found = await read(listed, minutes=60, id_of=lambda each: each[0], page_size=8)
    assert found == ([str(n) for n in range(count)], complete)
    assert listed.asked == 2


async def test_what_has_no_time_counts_as_new() -> None:
    assert await read(Listed([("odd", None), item(9)], 5)) == (["odd"], True)


async def test_the_newest_that_is_wanted() -> None:
    listed = Listed([item(n) for n in range(10)], 3)
    assert await find_back(listed.fetch, lambda each: each[0] in "47") == item(4)
    assert listed.asked == 2, "no page more than needed"
    assert await find_back(Listed([item(1)], 3).fetch, lambda each: False) is None
    assert await find_back(Listed([item(1)] * 9, 2).fetch, lambda each: False, pages=2) is None


@pytest.mark.parametrize(
    ("post", "code"), [({"by": "us"}, ""), ({"by": "them"}, "post_of_another"), (None, "post_not_there")]
)
async def test_an_address_is_that_of_an_own_post_or_says_what_is_wrong(post: dict[str, str] | None, code: str) -> None:
    async def fetch() -> dict[str, str] | None:
        return post

    async def lose() -> dict[str, str] | None:
        raise Failed(Rejected(target_gone("Some")))

    async def refuse() -> dict[str, str] | None:
        raise Failed(Rejected(refused_problem("Some", "no")))

    for look in (fetch, lose) if post is None else (fetch,):
        found = await resolve_own(
            look(), "Some", "us", is_ours=lambda each: each["by"] == "us", ref_of=lambda each: RemoteRef(each["by"])
        )
        assert (found.problem.code if isinstance(found, NoSuchPost) else "") == code
        assert code or found == Found(RemoteRef("us"))
    with pytest.raises(Failed):
        await resolve_own(refuse(), "Some", "us", is_ours=bool, ref_of=lambda _: RemoteRef("x"))


def test_what_stood_there_before_is_noted_once() -> None:
    outgoing = Outgoing("post", "0" * 32, NOW, "x")
    noted = note_newest({}, iter(["2", "1"]), NOW + timedelta(minutes=1))
    assert read_newest(noted, outgoing) == (NOW + timedelta(minutes=1), ["2", "1"])
    assert note_newest(noted, ["3"], NOW + timedelta(minutes=2)) == {}, "3 may be ours"
    assert read_newest({}, outgoing) == (NOW, ())


@pytest.mark.parametrize(("state", "found"), [("public", True), ("draft", False), (None, False)])
async def test_what_was_noted_is_public_or_is_not(state: str | None, found: bool) -> None:
    async def fetch() -> str:
        if state is None:
            raise Failed(Rejected(target_gone("Some")))
        return state

    before = datetime.now(UTC)
    told = await look_at_noted(fetch(), is_public=lambda each: each == "public", ref_of=RemoteRef)
    assert told == Found(RemoteRef("public")) if found else isinstance(told, AbsentAsOf)
    assert found or (isinstance(told, AbsentAsOf) and told.time >= before), "as of before it was asked, not after"


async def test_a_look_that_fails_says_nothing_of_what_was_noted() -> None:
    async def fail() -> str:
        raise Failed(Rejected(refused_problem("Some", "no")))

    with pytest.raises(Failed):
        await look_at_noted(fail(), is_public=bool, ref_of=RemoteRef)
