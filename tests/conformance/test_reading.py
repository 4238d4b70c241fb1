"""What every reader owes: nothing is left out, nothing is made up, and whatever goes wrong is said in a type."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from kaja.networks.kit.connector import Connector
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.http import Session, close_pools
from kaja.networks.kit.outcome import Failure
from kaja.networks.kit.reading import (
    STREAMS,
    Cursor,
    Incoming,
    Kind,
    Page,
    Past,
    find_history,
    find_reader,
    render_incoming,
)
from kaja.networks.kit.results import ChannelTrouble, Later, NeedsReconnect, Unknown
from kaja.networks.practice.reader import PATHS
from kaja.networks.registry import CONNECTORS
from tests.conformance.description import World
from tests.conformance.server import Fault, FaultyServer, Reply, serving
from tests.conformance.test_rules import DESCRIPTIONS
from tests.needed import needs

READ = sorted(network for network, connector in CONNECTORS.items() if find_reader(connector) is not None)
every_stream = pytest.mark.parametrize(
    ("network", "stream"), [(n, stream) for n in READ for stream in needs(find_reader(CONNECTORS[n])).streams]
)
# The copies of the others have their audience in tests/conformance/audience; test_readers.py listens to it.
every_heard_stream = pytest.mark.parametrize(("network", "stream"), [("practice", stream) for stream in PATHS])
MOST_LOOKS = 50


@dataclass
class Ear:
    """A reader at work on one stream of an account behind the faulty server."""

    connector: Connector
    stream: str
    server: FaultyServer
    world: World
    session: Session

    @property
    def facts(self) -> Facts:
        return self.world.facts

    async def look(self, cursor: Cursor) -> Page | Failure:
        # As it is stored between looks.
        kept = json.loads(json.dumps(cursor))
        return await needs(find_reader(self.connector)).read(self.stream, kept, self.facts, self.session)

    async def read(self, cursor: Cursor) -> tuple[list[Incoming], list[Page]]:
        """Forwards until there is no more."""
        pages: list[Page] = []
        for _ in range(MOST_LOOKS):
            page = await self.look(cursor)
            assert isinstance(page, Page), page
            pages.append(page)
            cursor = page.cursor
            if page.again_after > 0:
                break
        return [item for page in pages for item in page.items], pages

    async def read_past(self, cursor: Cursor | None) -> list[Incoming]:
        """Backwards to the end."""
        items: list[Incoming] = []
        for _ in range(MOST_LOOKS):
            if cursor is None:
                return items
            kept = json.loads(json.dumps(cursor))
            past = await needs(find_history(self.connector)).read_before(self.stream, kept, self.facts, self.session)
            assert isinstance(past, Past), past
            items += past.items
            cursor = past.cursor
        raise AssertionError("the past has no end")

    async def say(self, *texts: str) -> list[str]:
        return [await self._say(self.stream, text) for text in texts]

    @property
    def _say(self) -> Callable[[str, str], Awaitable[str]]:
        return needs(self.world.say)


@asynccontextmanager
async def listening(network: str, stream: str) -> AsyncIterator[Ear]:
    described = DESCRIPTIONS[network]
    async with described.open_world() as world, serving(world.handler) as (server, url):
        session = Session(url, dict(world.credentials), allow_private=("127.0.0.1",), timeout=60)
        try:
            yield Ear(described.connector, stream, server, world, session)
        finally:
            await close_pools()


def ids_of(items: Sequence[Incoming]) -> set[str]:
    return {item.id for item in items}


@every_heard_stream
async def test_what_was_there_and_what_comes_is_read(network: str, stream: str) -> None:
    async with listening(network, stream) as ear:
        before = await ear.say(*(f"Before {number}" for number in range(130)))
        items, pages = await ear.read({})
        assert pages[0].reaches_back is not None, "where reading begins it says how far back that is"
        past = await ear.read_past(pages[0].before)
        assert ids_of([*items, *past]) >= set(before)
        after = await ear.say("After one", "After two")
        fresh, _ = await ear.read(pages[-1].cursor)
        assert ids_of(fresh) >= set(after)
        again, _ = await ear.read(pages[-1].cursor)
        assert ids_of(again) >= set(after), "a cursor may be used again, should what it brought not have been kept"


@every_heard_stream
async def test_it_claims_no_more_than_it_knows(network: str, stream: str) -> None:
    async with listening(network, stream) as ear:
        await ear.say("One")
        _, pages = await ear.read({})
        await ear.say("Two")
        _, later = await ear.read(pages[-1].cursor)
        moments = [page.complete_until for page in [*pages, *later] if page.complete_until is not None]
        assert moments == sorted(moments)
        assert all(moment <= datetime.now(UTC) + timedelta(seconds=1) for moment in moments)


@every_heard_stream
async def test_each_thing_says_what_the_inbox_needs(network: str, stream: str) -> None:
    async with listening(network, stream) as ear:
        [said] = await ear.say("<b>Hello</b> &amp; \u202egoodbye")
        items, _ = await ear.read({})
        [item] = [each for each in items if each.id == said]
        assert item.kind in get_args(Kind)
        assert item.thread
        assert item.author.id
        assert not item.author.is_us
        assert item.at.tzinfo is not None
        assert item.url.startswith("http")
        assert json.loads(json.dumps(render_incoming(item)))["id"] == said
        answering = needs(ear.connector.answering)
        assert item.kind not in answering.kinds or ear.connector.can_send(answering.kinds[item.kind])


FAILURES: list[tuple[Reply | None, tuple[type[object], ...]]] = [
    (None, (Later,)),
    (Reply(500), (Later,)),
    (Reply(503, headers={"Retry-After": "7"}), (Later,)),
    (Reply(429, headers={"Retry-After": "9"}), (Later,)),
    (Reply(301, headers={"Location": "http://127.0.0.1:9/elsewhere"}), (ChannelTrouble,)),
    (Reply(401, {"error": "invalid_token", "message": "No"}), (NeedsReconnect, Later)),
    (Reply(200, b"<html>"), (Later, Unknown)),
    (Reply(200, b'{"half": '), (Later, Unknown)),
    (Reply(200, [1, None, {"id": 7}]), (Page, Later, Unknown)),
    (Reply(200, {"posts": None, "comments": 3, "feed": {}}), (Page, Later, Unknown)),
]


@every_stream
@pytest.mark.parametrize("number", range(len(FAILURES)))
async def test_whatever_goes_wrong_has_a_type(network: str, stream: str, number: int) -> None:
    """It raises nothing, and the same cursor reads on when all is well again."""
    reply, wanted = FAILURES[number]
    async with listening(network, stream) as ear:
        _, pages = await ear.read({})
        for cursor in ({}, pages[-1].cursor):
            ear.server.fault = Fault(lambda request: request.method == "GET", reply)
            result = await ear.look(cursor)
            ear.server.fault = None
            assert isinstance(result, wanted), result
            if isinstance(result, Page):
                assert not result.items, "nothing is made up"
            if reply is not None and reply.status == 429:
                assert isinstance(result, Later)
                assert result.after >= 9
            assert isinstance(await ear.look(cursor), Page)


def test_streams_have_names_for_people() -> None:
    assert {stream for n in READ for stream in needs(find_reader(CONNECTORS[n])).streams} <= set(STREAMS)
