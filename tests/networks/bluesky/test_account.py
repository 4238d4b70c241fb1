"""Finding the server of a handle, and staying signed in when the server has its moods."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from kaja.networks.bluesky import CONNECTOR
from kaja.networks.bluesky.identity import clean_identifier, find_pds
from kaja.networks.kit.connector import ConnectRefused
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.http import AnswerLost, Session, close_pools
from kaja.networks.kit.results import Later, NeedsReconnect, Sent, Unknown
from tests.conformance.bluesky import CID, DID, make_token, refuse
from tests.conformance.description import KEY
from tests.conformance.server import Reply, Request, serving
from tests.needed import needs
from tests.realnet.driving import make_outgoing

FACTS = Facts(DID, "alice.test", "Alice")
EXPIRED = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjF9.c2ln"
CREDENTIALS = {"identifier": "alice.test", "did": DID, "password": "abcd-efgh-ijkl-mnop", "refresh": "eyJr.e30.x"}


@pytest.fixture(autouse=True)
async def _pools() -> AsyncIterator[None]:
    yield
    await close_pools()


@pytest.mark.parametrize(
    ("typed", "identifier"),
    [
        ("@Alice.Test ", "alice.test"),
        ("\u202aalice.bsky.social\u202c", "alice.bsky.social"),  # as it is copied out of the app
        ("alice", "alice.bsky.social"),
        ("https://bsky.app/profile/alice.test/", "alice.test"),
        (DID, DID),
        ("a@example.org", "a@example.org"),
        (" @ ", ""),
    ],
)
def test_takes_a_handle_as_people_write_it(typed: str, identifier: str) -> None:
    assert clean_identifier(typed) == identifier


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"service": None},
        {"service": [None, {"id": "#other", "serviceEndpoint": "https://x.test"}]},
        {"service": [{"id": "#atproto_pds", "serviceEndpoint": "file:///etc/passwd"}]},
        {"service": [{"id": "#atproto_pds", "serviceEndpoint": {"uri": "https://x.test"}}]},
    ],
)
def test_a_document_without_a_server_names_none(document: dict[str, Any]) -> None:
    assert find_pds(document) == ""


class Server:
    """Sign-in and one post, with answers that a test chooses by the name of the call."""

    def __init__(self, **answers: Reply) -> None:
        self.answers = answers
        self.calls: list[str] = []

    async def __call__(self, request: Request) -> Reply:
        name = request.path.rsplit(".", 1)[-1]
        self.calls.append(name)
        if name in self.answers:
            return self.answers[name]
        if name in ("refreshSession", "createSession"):
            await asyncio.sleep(0.05)
            kind = f"com.atproto.appPass{len(self.calls)}"
            return Reply(200, {"did": DID, "accessJwt": make_token(kind), "refreshJwt": make_token(f"{kind}-r")})
        if name == "createRecord":
            return Reply(200, {"uri": f"at://{DID}/app.bsky.feed.post/3k", "cid": CID})
        return refuse("MethodNotImplemented", "x", 501)


async def publish(url: str, access: str = EXPIRED, **changed: str) -> tuple[Any, Session]:
    session = Session(url, {**CREDENTIALS, "access": access, **changed}, allow_private=("127.0.0.1",), timeout=60)
    return await needs(CONNECTOR.publisher).run("publish", make_outgoing("x", key=KEY), {}, FACTS, session), session


async def test_a_token_that_is_about_to_expire_is_renewed_before_the_post() -> None:
    server = Server()
    async with serving(server) as (_, url):
        result, session = await publish(url)
    assert isinstance(result, Sent)
    assert server.calls == ["refreshSession", "createRecord"]
    assert session.credentials["access"] != EXPIRED


async def test_many_deliveries_at_once_share_one_refresh() -> None:
    server = Server()
    async with serving(server) as (_, url):
        results = await asyncio.gather(*(publish(url) for _ in range(20)))
    assert all(isinstance(result, Sent) for result, _ in results)
    assert server.calls.count("refreshSession") == 1
    assert len({session.credentials["refresh"] for _, session in results}) == 1


async def test_another_account_has_its_own_refresh() -> None:
    server = Server()
    async with serving(server) as (_, url):
        await asyncio.gather(publish(url), publish(url, did="did:plc:aaaaaaaaaaaaaaaaaaaaaaaa", refresh="eyJx.e30.y"))
    assert server.calls.count("refreshSession") == 2


@pytest.mark.parametrize("name", ["ExpiredToken", "InvalidToken"])
async def test_a_refused_refresh_signs_in_again(name: str) -> None:
    server = Server(refreshSession=refuse(name, "x"))
    async with serving(server) as (_, url):
        result, _ = await publish(url)
    assert isinstance(result, Sent)
    assert server.calls == ["refreshSession", "createSession", "createRecord"]


async def test_only_a_definite_refusal_disconnects() -> None:
    refused = refuse("AuthenticationRequired", "Invalid identifier or password", 401)
    async with serving(Server(refreshSession=refuse("ExpiredToken", "x"), createSession=refused)) as (_, url):
        result, _ = await publish(url)
        assert isinstance(result, NeedsReconnect)
        session = Session(url, {**CREDENTIALS, "access": EXPIRED}, allow_private=("127.0.0.1",))
        with pytest.raises(ConnectRefused):
            await CONNECTOR.accounts.inspect(session)


@pytest.mark.parametrize(
    "moody", [refuse("InternalServerError", "x", 500), Reply(429, {}, {"Retry-After": "9"}), Reply(200, b"<html>")]
)
async def test_a_moody_sign_in_only_delays(moody: Reply) -> None:
    """Nothing was posted yet, and nothing is known against the account."""
    server = Server(refreshSession=refuse("ExpiredToken", "x"), createSession=moody)
    async with serving(server) as (_, url):
        result, session = await publish(url)
        assert isinstance(result, Later), result
        assert "createRecord" not in server.calls
        with pytest.raises(AnswerLost):
            await CONNECTOR.accounts.inspect(session)
    async with serving(Server(refreshSession=moody)) as (_, url):
        result, _ = await publish(url)
        assert isinstance(result, Later), "one bad refresh is no reason to use the password"


async def test_a_taken_down_account_says_so() -> None:
    server = Server(createRecord=refuse("AccountTakedown", "Account has been taken down", 401))
    async with serving(server) as (_, url):
        result, _ = await publish(url, make_token("x"))
    assert isinstance(result, NeedsReconnect)
    assert result.problem.code == "bluesky_account_closed"


async def test_a_token_that_was_revoked_early_is_renewed_once() -> None:
    server = Server(createRecord=refuse("ExpiredToken", "Token has expired"))
    async with serving(server) as (_, url):
        result, _ = await publish(url, make_token("x"))
    assert isinstance(result, NeedsReconnect)
    assert server.calls == ["createRecord", "refreshSession", "createRecord"]


async def test_an_error_of_the_server_is_looked_into_at_once() -> None:
    """500 is also what a PDS answers when the record stands there already: a look-up tells."""
    error = refuse("InternalServerError", "x", 500)
    async with serving(Server(createRecord=error, getRecord=refuse("RecordNotFound", "x"))) as (_, url):
        result, _ = await publish(url, make_token("x"))
    assert isinstance(result, Unknown)
    async with serving(Server(createRecord=error, getRecord=error)) as (_, url):
        result, _ = await publish(url, make_token("x"))
    assert isinstance(result, Unknown)
