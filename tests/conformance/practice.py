"""The practice network is the real one: its own process, with the suite's faulty server in front of it."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlencode

from kaja.networks.kit.content import Draft, Part
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.http import Session
from kaja.networks.practice import CONNECTOR
from tests.conformance.description import Description, Invalid, World
from tests.conformance.server import Reply, Request
from tests.needed import by_form
from tests.practice.running import PracticeServer


@asynccontextmanager
async def open_world() -> AsyncIterator[World]:
    with tempfile.TemporaryDirectory() as folder:
        server = await asyncio.to_thread(PracticeServer, Path(folder))
        try:
            form: Mapping[str, str] = {"name": "suite", "kind": "keyed", "base_url": server.url}
            connected = await by_form(CONNECTOR).connect(form, server.access, Session(allow_private=("127.0.0.1",)))

            async def handle(request: Request) -> Reply:
                target = request.path + (f"?{urlencode(request.query)}" if request.query else "")
                headers = {
                    name: value
                    for name, value in request.headers.items()
                    if name in ("authorization", "content-type", "idempotency-key", "x-client-reference")
                }
                body = request.body or None
                told = await asyncio.to_thread(server.call, request.method, target, body, headers=headers)
                return Reply(told.status, told.content)

            other = await asyncio.to_thread(server.account, "somebody")
            foreign = (await asyncio.to_thread(server.post, other, "Not ours")).json()["url"]
            token = connected.credentials["token"]
            await asyncio.to_thread(server.post, token, "What is said stands below this")

            async def say(stream: str, text: str) -> str:
                entry = {"stream": stream, "person": "p0", "text": text}
                return (await asyncio.to_thread(server.plant, "suite", entry))[0]

            yield World(handle, connected.facts, connected.credentials, foreign, say)
        finally:
            await asyncio.to_thread(server.stop)


FACTS = Facts("1", "suite", "suite", limits={"kind": "keyed"})

DESCRIPTION = Description(
    connector=CONNECTOR,
    open_world=open_world,
    facts=FACTS,
    publishes=lambda request: request.method == "POST" and request.path == "/api/v1/posts",
    refusal=Reply(422, {"error": {"code": "invalid", "message": "That is not allowed here.", "field": "text"}}),
    invalid=(
        Invalid(Draft((Part(""),)), "parts.0.text", "empty"),
        Invalid(Draft((Part("x" * 501),)), "parts.0.text", "text_too_long"),
    ),
)
