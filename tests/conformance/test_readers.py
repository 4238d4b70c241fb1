"""What every reader holds: nothing missed, nothing twice, each thing in its place, whatever happens to the calls."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

import pytest

from kaja.networks.kit.connector import Connector
from kaja.networks.kit.http import Session, close_pools
from kaja.networks.kit.reading import (
    STREAMS,
    Again,
    Cursor,
    Incoming,
    Page,
    Past,
    ReadResult,
    ThreadPage,
    render_incoming,
)
from kaja.networks.kit.results import ChannelTrouble, Later, NeedsReconnect, Unknown
from kaja.networks.registry import CONNECTORS
from tests.conformance.audience import Audience, ChangingAudience
from tests.conformance.server import Fault, FaultyServer, Reply, serving
from tests.needed import needs

READ = sorted(key for key, connector in CONNECTORS.items() if connector.reader is not None)
CHANGED = sorted(key for key in READ if CONNECTORS[key].rereader is not None)
every_reader = pytest.mark.parametrize("network", READ)
every_rereader = pytest.mark.parametrize("network", CHANGED)


@dataclass
class Desk:
    """A reader at work on one account behind the faulty server."""

    connector: Connector
    audience: Audience
    server: FaultyServer
    session: Session
    items: dict[str, Incoming] = field(default_factory=dict)

    @property
    def changing(self) -> ChangingAudience:
        """The audience of a network that is looked at again."""
        assert isinstance(self.audience, ChangingAudience)
        return self.audience

    async def read(self, cursor: Cursor) -> ReadResult:
        reader = needs(self.connector.reader)
        return await reader.read(self.audience.stream, cursor, self.audience.facts, self.session)

    async def read_page(self, cursor: Cursor) -> Page:
        """It is kept as the database keeps it."""
        page = await self.read(cursor)
        assert isinstance(page, Page), page
        self.items |= {item.id: item for item in page.items}
        assert json.loads(json.dumps(page.cursor)) == page.cursor
        for item in page.items:
            json.dumps(render_incoming(item))
        return page

    async def read_all(self, cursor: Cursor) -> Page:
        for _ in range(50):
            page = await self.read_page(json.loads(json.dumps(cursor)))
            cursor = page.cursor
            if page.again_after:
                return page
        raise AssertionError("it never ends")

    async def read_history(self, before: Cursor | None) -> None:
        for _ in range(50):
            if before is None:
                return
            history = needs(self.connector.history)
            past = await history.read_before(self.audience.stream, before, self.audience.facts, self.session)
            assert isinstance(past, Past), past
            self.items |= {item.id: item for item in past.items}
            before = json.loads(json.dumps(past.cursor))
        raise AssertionError("it never ends")

    async def read_thread(self, post: str) -> dict[str, Incoming]:
        found: dict[str, Incoming] = {}
        cursor: Cursor | None = {}
        while cursor is not None:
            page = await needs(self.connector.rereader).read_thread(post, cursor, self.audience.facts, self.session)
            assert isinstance(page, ThreadPage), page
            assert page.complete
            found |= {item.id: item for item in page.items}
            cursor = page.cursor
        return found

    async def read_again(self, *ids: str) -> Again:
        again = await needs(self.connector.rereader).read_again(ids, self.audience.facts, self.session)
        assert isinstance(again, Again), again
        return again


@asynccontextmanager
async def listening(network: str) -> AsyncIterator[Desk]:
    opened = import_module(f"tests.conformance.audience.{network}").open_audience()
    async with opened as audience, serving(audience.handler) as (server, url):
        session = Session(url, dict(audience.credentials), allow_private=("127.0.0.1",), timeout=60)
        try:
            yield Desk(CONNECTORS[network], audience, server, session)
        finally:
            await close_pools()


def test_every_reader_is_examined() -> None:
    folder = Path(__file__).parent / "audience"
    assert {path.stem for path in folder.glob("[a-z]*.py")} == set(READ)


@every_reader
def test_streams_have_names(network: str) -> None:
    assert set(needs(CONNECTORS[network].reader).streams) <= set(STREAMS)


@every_reader
async def test_an_empty_account_is_complete_from_now_on(network: str) -> None:
    async with listening(network) as desk:
        for stream in needs(desk.connector.reader).streams:
            page = await needs(desk.connector.reader).read(stream, {}, desk.audience.facts, desk.session)
            assert isinstance(page, Page), page
            assert (page.items, page.before, page.unread) == ((), None, 0)
            assert page.complete_until is not None
            assert page.reaches_back is not None
            assert page.again_after > 0
        page = await desk.read_all({})
        name = await desk.audience.comment("The first")
        await desk.read_all(page.cursor)
        assert set(desk.items) == {name}


@every_reader
async def test_what_is_new_comes_and_what_was_before_comes_beside_it(network: str) -> None:
    async with listening(network) as desk:
        names = [await desk.audience.comment(f"Number {number}") for number in range(desk.audience.page + 5)]
        page = await desk.read_page({})
        assert 0 < len(page.items) <= desk.audience.page
        assert names[-1] in desk.items, "the newest come first"
        later = [await desk.audience.comment(f"Later {number}") for number in range(desk.audience.page + 5)]
        await desk.read_all(page.cursor)
        assert set(later) <= set(desk.items)
        await desk.read_history(page.before)
        assert set(desk.items) == {*names, *later}
        assert {desk.items[name].text for name in names} == {f"Number {number}" for number in range(len(names))}


@every_reader
async def test_reading_again_and_in_another_order_gives_the_same(network: str) -> None:
    async with listening(network) as desk, listening(network) as other:
        answers = desk.audience.has_replies
        for each in (desk, other):
            one = await each.audience.comment("One")
            two = await each.audience.comment("Two", below=one if answers else "")
            if each is desk:  # one after the other; the other reads all at the end
                await each.read_all((await each.read_page({})).cursor)
            await each.audience.comment("Three", below=two if answers else "")
        begun = await desk.read_page({})
        await desk.read_all(begun.cursor)
        first = dict(desk.items)
        await desk.read_all({})
        assert desk.items == first
        await other.read_all({})

        def places(read: Desk) -> dict[str, tuple[object, ...]]:
            texts = {item.id: item.text for item in read.items.values()}
            return {
                item.text: (item.kind, texts.get(item.thread), texts.get(item.parent), bool(item.publication))
                for item in read.items.values()
            }

        assert places(desk) == places(other)
        assert places(desk)["One"] == ("comment", "One", None, True)
        if answers:
            assert places(desk)["Two"] == ("reply", "One", "One", True)
            assert places(desk)["Three"] == ("reply", "One", "Two", True)


@every_reader
@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(500, {"error": "x"}), Later),
        (Reply(503, {}, {"Retry-After": "30"}), Later),
        (Reply(429, {}, {"Retry-After": "7"}), Later),
        (Reply(401, {"error": "x"}), NeedsReconnect),
        (Reply(200, b"<html>Welcome to the hotel's network"), Later),
        (Reply(200, b'[{"id": "1'), Later),
        (Reply(200, b'"words"'), Later),
        (Reply(308, b"", {"Location": "https://login.example/"}), ChannelTrouble),
        (None, Later),
    ],
    ids=lambda value: f"{value.status}-{str(value.body)[:12]}" if isinstance(value, Reply) else str(value),
)
async def test_trouble_of_the_moment_loses_nothing(network: str, reply: Reply | None, expected: type) -> None:
    async with listening(network) as desk:
        begun = await desk.read_all({})
        name = await desk.audience.comment("Written meanwhile")
        desk.server.fault = Fault(lambda _: True, reply)
        told = await desk.read(begun.cursor)
        assert isinstance(told, expected | Unknown if expected is Later else expected), told
        if isinstance(told, Later) and reply is not None and reply.status == 429:
            assert 6 <= told.after <= 8, "as the network asked"
        desk.server.fault = None
        await desk.read_all(begun.cursor)
        assert set(desk.items) == {name}


@every_reader
async def test_a_cursor_of_another_version_begins_again(network: str) -> None:
    async with listening(network) as desk:
        name = await desk.audience.comment("There")
        page = await desk.read_page({"of": "another version"})
        await desk.read_history(page.before)
        assert set(desk.items) == {name}


@every_rereader
async def test_an_entry_that_nobody_can_read_stops_no_other(network: str) -> None:
    async with listening(network) as desk:
        names = [await desk.audience.comment(f"Number {number}") for number in range(3)]
        await desk.changing.spoil(names[1])
        page = await desk.read_page({})
        assert (set(desk.items), page.unread) == ({names[0], names[2]}, 1)


@every_rereader
async def test_a_thread_is_compared_whole_and_what_is_missing_one_by_one(network: str) -> None:
    async with listening(network) as desk:
        one = await desk.audience.comment("One")
        two, gone = await desk.audience.comment("Two", below=one), await desk.audience.comment("Gone")
        await desk.read_all({})
        post = desk.items[one].publication
        assert await desk.read_thread(post) == desk.items, "what another way lists is the same, in every letter"
        assert {item.id: item for item in (await desk.read_again(one, two, gone)).items} == desk.items
        await desk.changing.edit(two, "Two, better")
        await desk.changing.remove(gone)
        below = await desk.read_thread(post)
        assert {name: item.text for name, item in below.items()} == {one: "One", two: "Two, better"}
        again = await desk.read_again(two, gone)
        assert ([item.text for item in again.items], set(again.gone)) == (["Two, better"], {gone})
        assert again.items[0] == below[two]


@every_rereader
async def test_below_a_post_that_is_gone_everything_is_asked_for_by_itself(network: str) -> None:
    async with listening(network) as desk:
        missing = {"bluesky": "at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/app.bsky.feed.post/3lgone"}.get(network, "999")
        assert await desk.read_thread(missing) == {}


@every_rereader
@pytest.mark.parametrize("reply", [Reply(500, {}), Reply(429, {}, {"Retry-After": "7"}), Reply(200, b"<html>"), None])
async def test_trouble_makes_nothing_gone(network: str, reply: Reply | None) -> None:
    async with listening(network) as desk:
        name = await desk.audience.comment("There")
        await desk.read_all({})
        rereader, facts = needs(desk.connector.rereader), desk.audience.facts
        desk.server.fault = Fault(lambda _: True, reply)
        for told in (
            await rereader.read_thread(desk.items[name].publication, {}, facts, desk.session),
            await rereader.read_again((name,), facts, desk.session),
        ):
            assert isinstance(told, Later | Unknown), told
