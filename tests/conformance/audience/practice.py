"""The practice network itself. Its audience has edits and deletions of its own (tests/practice)."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from tests.conformance.description import World
from tests.conformance.practice import open_world
from tests.conformance.server import Request


class PracticeAudience:
    stream = "comments"
    page = 100
    has_replies = False

    def __init__(self, world: World) -> None:
        self.facts, self.credentials, self.handler = world.facts, world.credentials, world.handler
        self.post = ""

    async def react(self, kind: str, name: str) -> None:
        self.post = self.post or await self._call("/api/v1/posts", {"text": "Fresh rye"}, signed=True)
        sign = {"like": "like", "repost": "share", "follow": "follow"}[kind]
        body = {"account": "suite", "signs": [{"kind": sign, "name": name}]}
        request = Request(
            "POST", "/admin/audience/signs", {}, {"content-type": "application/json"}, json.dumps(body).encode()
        )
        assert (await self.handler(request)).status == 201

    async def _call(self, path: str, body: Mapping[str, Any], *, signed: bool) -> str:
        headers = {"content-type": "application/json"}
        if signed:
            headers |= {"authorization": f"Bearer {self.credentials['token']}", "idempotency-key": "1" * 32}
        reply = await self.handler(Request("POST", path, {}, headers, json.dumps(body).encode()))
        assert reply.status in (200, 201), reply.body
        return str(json.loads(reply.body)["id"])

    async def comment(self, text: str, below: str = "") -> str:
        self.post = self.post or await self._call("/api/v1/posts", {"text": "Fresh rye"}, signed=True)
        assert not below
        path = f"/api/v1/posts/{self.post}/comments"
        return await self._call(path, {"name": "Visitor", "text": text}, signed=False)


@asynccontextmanager
async def open_audience() -> AsyncIterator[PracticeAudience]:
    async with open_world() as world:
        yield PracticeAudience(world)
