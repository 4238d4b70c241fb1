"""What each connector says the account has posted since a time; settling and watching rest on it."""

from datetime import UTC, datetime, timedelta

import pytest

from kaja.networks.bluesky import CONNECTOR as BLUESKY
from kaja.networks.kit.http import Session, close_pools
from kaja.networks.kit.results import CannotTell, Listing
from kaja.networks.mastodon import CONNECTOR as MASTODON
from kaja.networks.wordpress import CONNECTOR as WORDPRESS
from tests.conformance import bluesky, wordpress
from tests.conformance.server import Reply, Request, serving
from tests.needed import needs
from tests.networks.mastodon.server import FACTS, TOKEN, MastodonServer
from tests.networks.mastodon.test_connector import _post

LONG = ("the bread is warm " * 25).strip()
SINCE = datetime.now(UTC) - timedelta(minutes=30)


async def test_mastodon_lists_what_is_newer_and_says_what_kaja_made() -> None:
    server = MastodonServer()
    for number, application in enumerate(("Kaja", "A phone", "Kaja")):
        server.application = application
        server._status(_post({"status": f"Status {number} {LONG}"}))
    server.statuses[0]["created_at"] = (SINCE - timedelta(hours=1)).isoformat()
    async with serving(server.handle) as (_, url):
        session = Session(url, {"access_token": TOKEN}, allow_private=("127.0.0.1",))
        told = await needs(MASTODON.publisher).list_recent(SINCE, FACTS, session)
        wrong = Session(url, {"access_token": "wrong"}, allow_private=("127.0.0.1",))
        refused = await needs(MASTODON.publisher).list_recent(SINCE, FACTS, wrong)
        await close_pools()
    assert isinstance(told, Listing)
    assert told.complete
    assert [(post.text, post.by_kaja) for post in told.posts] == [
        (f"Status 2 {LONG}", True),
        (f"Status 1 {LONG}", False),
    ], "all of the words, by which it is told which post it is"
    assert isinstance(refused, CannotTell), "not: nothing was posted"


@pytest.mark.parametrize("many", [False, True])
async def test_bluesky_walks_the_repository_until_what_is_older(many: bool) -> None:
    pages: list[str] = []

    def record(name: str, at: datetime) -> dict[str, object]:
        uri = f"at://{bluesky.DID}/app.bsky.feed.post/{name}"
        return {"uri": uri, "cid": bluesky.CID, "value": {"text": name, "createdAt": at.isoformat()}}

    async def handle(request: Request) -> Reply:
        assert request.path == "/xrpc/com.atproto.repo.listRecords"
        pages.append(request.query.get("cursor", ""))
        newer = record(f"post{len(pages)}", SINCE + timedelta(minutes=1))
        if many:
            return Reply(200, {"records": [newer], "cursor": str(len(pages))})
        if len(pages) == 1:
            return Reply(200, {"records": [newer], "cursor": "next"})
        return Reply(200, {"records": [newer, record("old", SINCE - timedelta(minutes=1))], "cursor": "more"})

    credentials = {
        "identifier": "alice.test",
        "did": bluesky.DID,
        "password": "abcd-efgh-ijkl-mnop",
        "access": bluesky.make_token("com.atproto.appPass"),
        "refresh": bluesky.make_token("com.atproto.refresh"),
    }
    async with serving(handle) as (_, url):
        session = Session(url, credentials, allow_private=("127.0.0.1",))
        told = await needs(BLUESKY.publisher).list_recent(SINCE, bluesky.FACTS, session)
        await close_pools()
    assert isinstance(told, Listing)
    assert told.complete is not many, "a walk that was given up is not the whole list"
    assert [post.text for post in told.posts] == [f"post{number + 1}" for number in range(len(pages))]
    assert pages[:2] == ["", "1" if many else "next"]


@pytest.mark.parametrize("count", [1, 100])
async def test_wordpress_asks_for_the_accounts_articles_in_utc(count: int) -> None:
    asked: list[Request] = []
    article = {
        "id": 7,
        "link": "https://blog.test/?p=7",
        "title": {"raw": "Rye & more"},
        "content": {"rendered": "<p>Fresh &amp; warm</p>"},
        "date_gmt": "2026-11-29T12:00:00",
    }

    async def handle(request: Request) -> Reply:
        asked.append(request)
        return Reply(200, [article] * min(count, int(request.query["per_page"])))

    async with serving(handle) as (_, url):
        session = Session(url, {"username": "alice", "password": "abcd"}, allow_private=("127.0.0.1",))
        told = await needs(WORDPRESS.publisher).list_recent(SINCE, wordpress.FACTS, session)
        await close_pools()
    assert isinstance(told, Listing)
    assert told.complete is (count == 1), "a full page may go on"
    assert (told.posts[0].text, told.posts[0].ref.id) == ("Rye & more\nFresh & warm", "7")
    assert told.posts[0].posted_at == datetime(2026, 11, 29, 12, tzinfo=UTC)
    assert asked[0].query["after"] == SINCE.isoformat(timespec="seconds")
    assert asked[0].query["author"] == "1"
