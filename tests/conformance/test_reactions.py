"""What every network that tells of likes and followers holds, and what its own contract says of the calls."""

import json
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from kaja.networks.kit.reading import Page, Past, Reaction, find_reactions
from kaja.networks.registry import CONNECTORS
from tests.conformance.audience import ReactingAudience
from tests.conformance.server import Request
from tests.conformance.test_readers import Desk, listening
from tests.contracts import find_folder, open_contract
from tests.needed import needs
from tests.networks.contracts import MastodonContract, find_errors

TOLD = sorted(key for key, connector in CONNECTORS.items() if find_reactions(connector) is not None)
every_network = pytest.mark.parametrize("network", TOLD)
NAMES = ("mari", "jaan", "anna", "piret")


def stream_of(desk: Desk) -> str:
    return "reactions" if "reactions" in needs(desk.connector.reader).streams else desk.audience.stream


async def read_all(desk: Desk, cursor: dict[str, Any]) -> tuple[list[Reaction], list[Page]]:
    found: list[Reaction] = []
    pages: list[Page] = []
    for _ in range(50):
        page = await needs(desk.connector.reader).read(
            stream_of(desk), json.loads(json.dumps(cursor)), desk.audience.facts, desk.session
        )
        assert isinstance(page, Page), page
        found += page.reactions
        pages.append(page)
        cursor = dict(page.cursor)
        if page.again_after:
            return found, pages
    raise AssertionError("it never ends")


async def read_before(desk: Desk, before: dict[str, Any] | None) -> list[Reaction]:
    found: list[Reaction] = []
    while before is not None:
        past = await needs(desk.connector.history).read_before(
            stream_of(desk), before, desk.audience.facts, desk.session
        )
        assert isinstance(past, Past), past
        found += past.reactions
        before = json.loads(json.dumps(past.cursor))
    return found


def reacting(desk: Desk) -> ReactingAudience:
    assert isinstance(desk.audience, ReactingAudience)
    return desk.audience


@every_network
async def test_each_kind_comes_once_with_who_what_and_when(network: str) -> None:
    async with listening(network) as desk:
        kinds = needs(find_reactions(desk.connector)).kinds
        await desk.audience.comment("There is a post")
        begun, pages = await read_all(desk, {})
        assert begun == []
        for kind, name in zip(kinds, NAMES, strict=False):
            await reacting(desk).react(kind, name)
        found, _ = await read_all(desk, dict(pages[-1].cursor))
        by_kind = {each.kind: each for each in found}
        assert set(by_kind) == set(kinds), "each that it says it tells"
        assert len({each.id for each in found}) == len(kinds)
        for kind, name in zip(kinds, NAMES, strict=False):
            told = by_kind[kind]
            assert told.author.name.lower() == name
            assert told.author.id
            assert not told.author.is_us
            assert told.post == ("" if kind == "follow" else reacting(desk).post)
            assert (bool(told.quote), told.gone_at) == (kind == "quote", None)
            assert told.at.tzinfo is not None
        again, _ = await read_all(desk, {})
        assert set(again) == set(found), "the same in every letter, whenever it is read"


@every_network
async def test_many_come_in_pages_and_those_before_beside_them(network: str) -> None:
    async with listening(network) as desk:
        await desk.audience.comment("There is a post")
        many = desk.audience.page + 5
        for number in range(many):
            await reacting(desk).react("like", f"v{number:03}".replace("0", "o").replace("1", "i"))
        first, pages = await read_all(desk, {})
        assert 0 < len(first) <= desk.audience.page
        for number in range(many):
            await reacting(desk).react("repost", f"w{number:03}".replace("0", "o").replace("1", "i"))
        later, _ = await read_all(desk, dict(pages[0].cursor))
        assert sum(each.kind == "repost" for each in later) >= many
        before = await read_before(desk, dict(pages[0].before) if pages[0].before else None)
        known = {each.id for each in (*first, *later, *before)}
        assert len(known) == 2 * many


def test_what_tells_of_none_says_so() -> None:
    assert find_reactions(CONNECTORS["wordpress"]) is None
    assert {"bluesky", "mastodon", "practice"} <= set(TOLD)


async def judge(network: str) -> tuple[list[Request], list[dict[str, Any]]]:
    """The calls of a look at the notifications, and what the copy lists then."""
    async with listening(network) as desk:
        for kind, name in zip(needs(find_reactions(desk.connector)).kinds, NAMES, strict=False):
            await reacting(desk).react(kind, name)
        await desk.audience.comment("And a comment")
        await read_all(desk, {})
        requests = [each for each in desk.server.requests if "otifications" in each.path]
        reply = await desk.audience.handler(requests[0])
        return requests, reply.body["notifications"] if network == "bluesky" else reply.body


async def test_the_calls_to_bluesky_and_its_copy_follow_the_lexicon() -> None:
    path = find_folder("bluesky/lexicons") / "app/bsky/notification/listNotifications.json"
    lexicon = json.loads(path.read_text())["defs"]
    requests, listed = await judge("bluesky")
    known = lexicon["notification"]["properties"]
    for request in requests:
        asked = parse_qs(urlsplit(request.target).query)
        assert set(asked) <= set(lexicon["main"]["parameters"]["properties"])
        assert set(asked["reasons"]) <= set(known["reason"]["knownValues"])
        assert {"like", "repost", "quote", "follow", "reply", "mention"} == set(asked["reasons"])
    for told in listed:
        assert set(lexicon["notification"]["required"]) <= set(told)
        assert set(told) <= set(known), "the copy tells nothing that the network does not"
    assert {each["reason"] for each in listed} == {"like", "repost", "quote", "follow", "reply"}


async def test_the_calls_to_mastodon_and_its_copy_follow_the_contract() -> None:
    contract, document = MastodonContract(), open_contract("mastodon/dist/schema.json")
    requests, listed = await judge("mastodon")
    for request in requests:
        # The document names a list without the brackets that a form has.
        query = {name.removesuffix("[]"): value for name, value in request.query.items()}
        assert contract.find_violations(Request("GET", request.path, query, request.headers, b"")) == []
        kinds = parse_qs(urlsplit(request.target).query)["types[]"]
        schema = {"$ref": "#/components/schemas/NotificationTypeEnum", "components": document["components"]}
        assert [error for kind in kinds for error in find_errors(schema, kind)] == []
        assert set(kinds) == {"mention", "quote", "favourite", "reblog", "follow"}
        assert list(find_errors(schema, "applause")) != [], "the judge does refuse"
    required = document["components"]["schemas"]["Notification"]["required"]
    # Group keys are for programs that group.
    assert all(set(required) - {"group_key"} <= set(told) for told in listed)


def test_every_audience_of_a_network_that_tells_can_react() -> None:
    for network in TOLD:
        module = import_module(f"tests.conformance.audience.{network}")
        assert any(hasattr(each, "react") for each in vars(module).values())
