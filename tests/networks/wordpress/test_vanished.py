"""Files and drafts that somebody cleaned away on the site while Kaja was publishing."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from kaja.networks.kit.facts import Facts
from kaja.networks.kit.http import Session, close_pools
from kaja.networks.kit.results import Next, Rejected, Restart, Sent, StageResult
from kaja.networks.wordpress import CONNECTOR
from tests.conformance.server import Reply, Request, serving
from tests.needed import needs
from tests.networks.practice.driving import picture, post

FACTS = Facts("1", "alice", "Alice", url="https://blog.test", limits={"user_id": 1})
OPTIONS = {"title": "A title", "featured": "false"}


@pytest.fixture(autouse=True)
async def _pools() -> AsyncIterator[None]:
    yield
    await close_pools()


class Site:
    """A media library and articles; WordPress takes an article whatever became of its files (seen, 6.8)."""

    def __init__(self) -> None:
        self.library: set[int] = set()
        self.posts: dict[int, dict[str, Any]] = {}
        self.number = 10

    async def handle(self, request: Request) -> Reply:
        tail = request.path.rsplit("/", 1)[-1]
        self.number += 1
        if tail == "media" and request.method == "POST":
            self.library.add(self.number)
            return Reply(201, {"id": self.number, "source_url": f"https://blog.test/{self.number}.png"})
        if tail == "media":
            wanted = {int(each) for each in request.query["include"].split(",")}
            return Reply(200, [{"id": each} for each in sorted(wanted & self.library)])
        if tail == "posts" and request.method == "GET":
            return Reply(200, [])
        number = self.number if tail == "posts" else int(tail)
        if tail != "posts" and number not in self.posts:
            return Reply(404, {"code": "rest_post_invalid_id", "message": "Invalid post ID."})
        self.posts[number] = {**self.posts.get(number, {}), **request.json(), "id": number}
        return Reply(200, self.posts[number])


async def run(session: Session, outgoing: Any, stage: str, checkpoint: dict[str, Any], until: str = "") -> StageResult:
    names = [each.name for each in needs(CONNECTOR.publisher).stages(outgoing, FACTS)]
    result: StageResult = Next(checkpoint)
    for name in names[names.index(stage) :]:
        if name == until:
            break
        assert isinstance(result, Next)
        checkpoint = json.loads(json.dumps(result.checkpoint))
        result = await needs(CONNECTOR.publisher).run(name, outgoing, checkpoint, FACTS, session)
        if not isinstance(result, Next):
            break
    return result


def open_session(url: str) -> Session:
    return Session(url, {"username": "alice", "password": "abcd"}, allow_private=("127.0.0.1",))


async def test_a_file_that_vanished_from_the_library_is_uploaded_again() -> None:
    site = Site()
    outgoing = post("Words", media=(picture("red"), picture("blue")), options=OPTIONS)
    async with serving(site.handle) as (_, url):
        uploaded = await run(open_session(url), outgoing, "media-0", {}, until="draft")
        assert isinstance(uploaded, Next)
        site.library.remove(uploaded.checkpoint["media"]["blue"]["id"])
        again = await run(open_session(url), outgoing, "draft", dict(uploaded.checkpoint))
        assert isinstance(again, Restart), again
        assert again.stage == "media-1"
        sent = await run(open_session(url), outgoing, again.stage, dict(again.checkpoint))
        assert isinstance(sent, Sent)
    [article] = [each for each in site.posts.values() if each["status"] == "publish"]
    assert all(f"https://blog.test/{number}.png" in article["content"]["raw"] for number in site.library)


async def test_a_draft_that_was_deleted_on_the_site_is_made_again_and_told_when_it_stays_so() -> None:
    site = Site()
    outgoing = post("Words", options=OPTIONS)
    async with serving(site.handle) as (_, url):
        drafted = await run(open_session(url), outgoing, "draft", {}, until="publish")
        assert isinstance(drafted, Next)
        site.posts.clear()
        again = await run(open_session(url), outgoing, "publish", dict(drafted.checkpoint))
        assert isinstance(again, Restart), again
        assert isinstance(await run(open_session(url), outgoing, again.stage, dict(again.checkpoint)), Sent)
        told = await run(open_session(url), outgoing, "publish", {"post_id": 1, "again": 2})
    assert isinstance(told, Rejected)
    assert told.problem.code == "draft_gone"
