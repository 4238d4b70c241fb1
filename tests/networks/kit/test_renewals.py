"""Access that is used up is renewed before a call, or when the network refuses it, and once for all who need it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from kaja.networks.kit.connector import ConnectRefused
from kaja.networks.kit.grants import Tokens, is_expired, read_claims
from kaja.networks.kit.guards import Failed
from kaja.networks.kit.http import AnswerLost, Response, Session, close_pools
from kaja.networks.kit.outcome import reconnect_problem, refused_problem
from kaja.networks.kit.rest import Rest
from kaja.networks.kit.results import Later, NeedsReconnect, Rejected
from tests.conformance.bluesky import make_token
from tests.conformance.server import Reply, Request, serving


@pytest.fixture(autouse=True)
async def _pools() -> AsyncIterator[None]:
    yield
    await close_pools()


class Server:
    """Takes one access token, and gives the next one for a refresh token."""

    def __init__(self, good: str = "access-2", refresh: Reply | None = None) -> None:
        self.good, self.refresh = good, refresh
        self.calls: list[str] = []
        self.asked = asyncio.Event()

    async def handle(self, request: Request) -> Reply:
        self.calls.append(request.path)
        if request.path == "/refresh":
            self.asked.set()
            await asyncio.sleep(0.05)
            return self.refresh or Reply(200, {"access": "access-2", "refresh": "refresh-2"})
        known = request.headers.get("authorization") == f"Bearer {self.good}"
        return Reply(200, {"ok": True}) if known else Reply(400, {"error": "ExpiredToken"})


async def _renew(session: Session) -> Tokens:
    answer = await session.request("POST", "/refresh", authorized=False)
    if answer.status == 503:
        raise AnswerLost(refused_problem("Some", "busy"))
    if not answer.ok:
        raise ConnectRefused(reconnect_problem("Some"))
    return Tokens(answer.json())


REST = Rest(
    "Some",
    lambda answer: Rejected(refused_problem("Some", answer.text)),
    lambda session: session.use_bearer(session.credentials["access"]),
    renew=_renew,
    is_over=lambda credentials: credentials["access"] == "over",
    is_refused=lambda answer: answer.json_object().get("error") == "ExpiredToken",
)


def open_session(url: str, access: str, **more: str) -> Session:
    return Session(url, {"access": access, "refresh": "refresh-1", **more}, allow_private=("127.0.0.1",))


@pytest.mark.parametrize(
    ("access", "calls"),
    [
        ("access-2", ["/post"]),
        ("over", ["/refresh", "/post"]),
        ("access-1", ["/post", "/refresh", "/post"]),
    ],
)
async def test_a_call_is_made_with_access_that_is_good(access: str, calls: list[str]) -> None:
    server = Server()
    async with serving(server.handle) as (_, url):
        session = open_session(url, access)
        answer = await REST.call(session, "POST", "/post", irreversible=True)
    assert isinstance(answer, Response)
    assert server.calls == calls
    assert session.credentials["refresh"] == ("refresh-1" if access == "access-2" else "refresh-2")


async def test_what_is_refused_with_fresh_access_too_is_not_tried_for_ever() -> None:
    server = Server(good="nothing")
    async with serving(server.handle) as (_, url):
        with pytest.raises(Failed) as failed:
            await REST.call(open_session(url, "access-1"), "POST", "/post", irreversible=True)
    assert isinstance(failed.value.result, Rejected)
    assert server.calls == ["/post", "/refresh", "/post"]


async def test_many_share_one_renewal_and_others_have_their_own() -> None:
    server = Server()
    async with serving(server.handle) as (_, url):
        sessions = [open_session(url, "over") for _ in range(10)]
        await asyncio.gather(*(REST.call(each, "GET", "/post") for each in sessions))
        assert server.calls.count("/refresh") == 1
        assert {each.credentials["access"] for each in sessions} == {"access-2"}
        others = [open_session(url, "over", account=name) for name in ("one", "other")]
        await asyncio.gather(*(REST.call(each, "GET", "/post") for each in others))
        assert server.calls.count("/refresh") == 3


@pytest.mark.parametrize(("status", "kind"), [(400, NeedsReconnect), (503, Later)])
async def test_a_renewal_that_fails_is_tried_anew_the_next_time(status: int, kind: type) -> None:
    server = Server(refresh=Reply(status, {}))
    async with serving(server.handle) as (_, url):
        for _ in range(2):
            with pytest.raises(Failed) as failed:
                await REST.call(open_session(url, "over"), "POST", "/post", irreversible=True)
            assert isinstance(failed.value.result, kind)
        assert server.calls == ["/refresh", "/refresh"], "the call itself was not made"


async def test_who_does_not_wait_any_longer_stops_nobody_elses_renewal() -> None:
    server = Server()
    async with serving(server.handle) as (_, url):
        first, second = (asyncio.create_task(REST.call(open_session(url, "over"), "GET", "/post")) for _ in range(2))
        await server.asked.wait()
        first.cancel()
        assert (await second).ok
    assert server.calls.count("/refresh") == 1


def test_a_token_says_of_itself_when_it_ends() -> None:
    assert read_claims(make_token("a scope"))["scope"] == "a scope"
    assert not is_expired(make_token("a scope"))
    assert is_expired("eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjF9.c2ln")
    for odd in ("", "opaque", "a.b.c", "a.W10.c", "a.eyJleHAiOiJubyJ9.c", f"a.{'WwWw' * 50_000}.c"):
        assert not is_expired(odd), odd
