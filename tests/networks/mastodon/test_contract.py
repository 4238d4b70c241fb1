"""Every request that the connector can make, judged by the documented contract."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from kaja.networks.kit.http import Session, close_pools
from kaja.networks.kit.results import Changed, Found, Sent
from kaja.networks.mastodon import CONNECTOR
from tests.conformance.server import Request, serving
from tests.needed import needs
from tests.networks.contracts import MastodonContract
from tests.networks.mastodon.server import FACTS, TOKEN, MastodonServer
from tests.realnet.driving import make_outgoing, make_picture, run_all

FOREIGN = {"/.well-known/nodeinfo", "/nodeinfo/2.0"}
"""Nodeinfo is another specification; Mastodon's documentation does not list it."""


@pytest.fixture(autouse=True)
async def _pools() -> AsyncIterator[None]:
    yield
    await close_pools()


async def perform_everything(server: MastodonServer) -> None:
    """Connect, publish with everything, look, edit, delete."""
    async with serving(server.handle) as (_, url):
        session = Session(allow_private=("127.0.0.1",))
        redirect = "https://kaja.example/channels/callback"
        authorization = await needs(CONNECTOR.consent).authorize({"instance": url}, redirect, "state", None, session)
        query = {name: value[0] for name, value in parse_qs(urlsplit(authorization.url).query).items()}
        server.requests.append(Request("GET", "/oauth/authorize", query, {}, b""))  # what the person's browser asks
        server.challenge = query["code_challenge"]
        came_back = {"code": "good-code", "state": "state"}
        granted = await needs(CONNECTOR.consent).exchange(came_back, authorization.pending, None, session)
        [offer] = granted.offers
        assert offer.facts.limits["idempotent"] is True
        session = Session(url, {**granted.tokens.credentials}, allow_private=("127.0.0.1",))
        options = {"spoiler_text": "Mind", "sensitive": True, "visibility": "unlisted"}
        media = (make_picture("One"), make_picture("", "blue"))
        outgoing = make_outgoing("Hello", media=media, options=options, language="et")
        result, checkpoint = await run_all(CONNECTOR, outgoing, FACTS, session)
        assert isinstance(result, Sent)
        answer = make_outgoing("More", kind="continuation", root=result.ref, reply_to=result.ref)
        assert isinstance((await run_all(CONNECTOR, answer, FACTS, session))[0], Sent)
        assert isinstance(await needs(CONNECTOR.publisher).find_delivery(outgoing, checkpoint, FACTS, session), Found)
        edited = replace(outgoing, text="Hello again", media=(*media, make_picture("Three", "green")))
        assert isinstance(await needs(CONNECTOR.editor).edit(result.ref, edited, FACTS, session), Changed)
        assert await needs(CONNECTOR.remover).delete(result.ref, FACTS, session) == Changed(None)
        assert await needs(CONNECTOR.remover).delete(result.ref, FACTS, session) == Changed(None)


async def test_every_request_conforms() -> None:
    contract = MastodonContract()
    server = MastodonServer(media_polls=1)
    await perform_everything(server)
    judged = [request for request in server.requests if request.path not in FOREIGN]
    assert len({(request.method, request.path.rsplit("/", 1)[0]) for request in judged}) >= 9
    for request in judged:
        assert contract.find_violations(request) == [], (request.method, request.path, request.body[:200])


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/api/v1/apps", "client_name"),
        ("/oauth/token", "code_verifier"),
        ("/api/v1/statuses", "spoiler_text"),
        ("/api/v1/statuses", "media_ids"),
    ],
)
async def test_the_judge_refuses_a_renamed_field(path: str, name: str) -> None:
    contract = MastodonContract()
    server = MastodonServer()
    await perform_everything(server)
    request = next(r for r in server.requests if r.path == path and r.method == "POST" and name.encode() in r.body)
    body = request.json()
    body[f"x_{name}"] = body.pop(name)
    assert f"unknown field x_{name}" in contract.find_violations(replace(request, body=json.dumps(body).encode()))


async def test_tokens_are_not_sent_where_they_do_not_belong() -> None:
    server = MastodonServer()
    await perform_everything(server)
    for request in server.requests:
        public = request.path.startswith(("/.well-known/", "/nodeinfo", "/oauth/", "/api/v2/instance", "/api/v1/apps"))
        assert ("authorization" in request.headers) != public, request.path
        assert TOKEN not in request.path
