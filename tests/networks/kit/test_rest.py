"""One way of calling: sign-in, refusals, budgets, and errors inside a status of success."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from kaja.kernel.problems import Problem
from kaja.networks.kit.guards import Failed
from kaja.networks.kit.http import AnswerLost, Response, Session, close_pools
from kaja.networks.kit.outcome import Failure, read_budget, refused_problem, target_gone
from kaja.networks.kit.quotas import Quota
from kaja.networks.kit.rest import Answer, Rest
from kaja.networks.kit.results import Later, NeedsReconnect, Rejected, Unknown
from tests.conformance.server import Reply, Request, serving

WRONG = {5: "sign-in", 6: "too many", 100: "a parameter"}


@pytest.fixture(autouse=True)
async def _pools() -> AsyncIterator[None]:
    yield
    await close_pools()


def _find_error(answer: Response) -> Failure | None:
    """As networks say it that answer 200 to everything: {"error": {"error_code": 5}}."""
    error = answer.json_object().get("error")
    match error.get("error_code") if isinstance(error, dict) else None:
        case None:
            return None
        case 5:
            return NeedsReconnect(Problem("needs_reconnect", "Sign in again."))
        case 6:
            return Later(1.0, Problem("rate_limited", "Too many."), "calls")
        case code:
            return Rejected(refused_problem("Envelope", str(code)))


def _reject(answer: Response) -> Failure:
    return Rejected(target_gone("Envelope") if answer.status == 404 else refused_problem("Envelope", "no"))


def _sign(session: Session) -> None:
    session.use_bearer(session.credentials["token"])


def _bucket_of(answer: Answer, method: str, path: str) -> str:
    return "uploads" if path == "/media" else "calls"


def _read_quotas(answer: Response) -> Iterator[Quota]:
    return read_budget(answer, "calls")


REST = Rest("Envelope", _reject, _sign, _find_error, _bucket_of, _read_quotas, headers={"X-Version": "7"})


class Server:
    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.requests: list[Request] = []

    async def handle(self, request: Request) -> Reply:
        self.requests.append(request)
        return self.reply


async def call(reply: Reply, path: str = "/wall", **how: Any) -> tuple[Response, Server, Session]:
    server = Server(reply)
    async with serving(server.handle) as (_, url):
        session = Session(url, {"token": "a-token-of-ours"}, allow_private=("127.0.0.1",))
        return await REST.call(session, "POST", path, **how), server, session


@pytest.mark.parametrize(("code", "kind"), [(5, NeedsReconnect), (6, Later), (100, Rejected)])
async def test_an_error_inside_a_status_of_success_is_an_error(code: int, kind: type) -> None:
    with pytest.raises(Failed) as failed:
        await call(Reply(200, {"error": {"error_code": code, "error_msg": WRONG[code]}}), irreversible=True)
    assert isinstance(failed.value.result, kind)
    assert not failed.value.lost


async def test_success_is_the_answer_with_sign_in_headers_and_budget() -> None:
    headers = {"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "60"}
    answer, server, session = await call(Reply(200, {"response": 1}, headers))
    assert answer.json() == {"response": 1}
    [request] = server.requests
    assert request.headers["authorization"] == "Bearer a-token-of-ours"
    assert request.headers["x-version"] == "7"
    assert session.quotas["calls"].blocked_until is not None, "nothing is left of it"


async def test_a_call_without_sign_in_sends_none() -> None:
    _, server, _ = await call(Reply(200, {}), authorized=False)
    assert "authorization" not in server.requests[0].headers


async def test_the_budget_is_that_of_the_call() -> None:
    for path, bucket in (("/media", "uploads"), ("/wall", "calls")):
        with pytest.raises(Failed) as failed:
            await call(Reply(429, {}, {"Retry-After": "9"}), path)
        assert isinstance(failed.value.result, Later)
        assert (failed.value.result.bucket, failed.value.result.after) == (bucket, 9.0)


async def test_what_is_gone_is_known_as_that() -> None:
    with pytest.raises(Failed) as failed:
        await call(Reply(404, {"error": "no"}))
    assert failed.value.gone
    with pytest.raises(Failed) as other:
        await call(Reply(422, {}))
    assert not other.value.gone


async def test_no_answer_is_unknown_where_it_may_have_been_done() -> None:
    async with serving(Server(Reply(200, {})).handle) as (front, url):
        front.fault = None
    session = Session(url, {"token": "a-token-of-ours"}, allow_private=("127.0.0.1",))
    with pytest.raises(Failed) as failed:
        await REST.call(session, "POST", "/wall", irreversible=True)
    assert isinstance(failed.value.result, Later), "nothing was sent: nobody listens there"
    lost = AnswerLost(Problem("timeout", "No answer."))
    for irreversible, kind in ((True, Unknown), (False, Later)):
        with pytest.raises(Failed) as unclear:
            REST.read(lost, irreversible=irreversible)
        assert isinstance(unclear.value.result, kind)
        assert unclear.value.lost
