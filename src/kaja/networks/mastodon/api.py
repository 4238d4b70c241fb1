"""Calls to an instance, and what its refusals mean."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit.http import Response, Session, TransportError
from kaja.networks.kit.outcome import Failure, classify, parse_reset, reconnect_problem, refused_problem
from kaja.networks.kit.quotas import Quota
from kaja.networks.kit.results import NeedsReconnect, Rejected

NETWORK = "Mastodon"
DELETE_LIMIT = 30
"""Deletions and uploads have budgets of 30 in 30 minutes beside the general one; https://docs.joinmastodon.org/api/rate-limits/"""


def open_session(session: Session) -> Session:
    """The session with the channel's token and with this network's rate headers understood."""
    session.read_quotas = read_quotas
    session.use_bearer(session.credentials["access_token"])
    return session


async def request(session: Session, method: str, url: str, **arguments: Any) -> Response:
    """One exchange on a connection of its own.

    Some compatible servers close a kept connection without notice (seen: snac2 2.75), and a call that meets the closing
    ends as "may have arrived". A new connection costs a handshake and makes that rare.
    """
    headers = {"Connection": "close", **arguments.pop("headers", {})}
    return await session.request(method, url, headers=headers, **arguments)


async def call(
    session: Session, method: str, path: str, *, irreversible: bool = False, **arguments: Any
) -> Response | Failure:
    """A successful answer, or what the engine should make of its absence."""
    answer: Response | TransportError
    try:
        answer = await request(session, method, path, irreversible=irreversible, **arguments)
    except TransportError as error:
        answer = error
    bucket = _bucket(path, DELETE_LIMIT if method == "DELETE" else None)
    failure = classify(answer, network=NETWORK, reject=reject, irreversible=irreversible, bucket=bucket)
    if failure is not None:
        return failure
    assert isinstance(answer, Response)
    return answer


def reject(answer: Response) -> Failure:
    """A 4xx that is neither 401 nor 429. Error bodies: https://docs.joinmastodon.org/entities/Error/"""
    body = answer.json_object()
    message = str(body.get("error_description") or body.get("error") or answer.status)
    if answer.status == 403:
        # The token lacks a scope, or the account is suspended or frozen: signing in again shows which.
        problem = reconnect_problem(NETWORK)
        return NeedsReconnect(Problem(problem.code, problem.message, "", problem.fix, dict(problem.params)))
    if answer.status == 413:
        return Rejected(
            Problem(
                "media_too_large",
                gettext_noop("The server says that the file is too large."),
                "parts.0.media",
                gettext_noop("Make it smaller."),
            )
        )
    if answer.status in (404, 410):
        return Rejected(
            Problem(
                "target_gone",
                gettext_noop("What this post answers or changes no longer stands on %(network)s."),
                "",
                gettext_noop("Look at the post it belongs to; then send this one as a post of its own, or drop it."),
                {"network": NETWORK, "said": str(body.get("error") or "")[:300]},
            )
        )
    return Rejected(refused_problem(NETWORK, message))


def is_missing(outcome: Response | Failure) -> bool:
    """Whether the server said that the address does not exist (404 or 410)."""
    return isinstance(outcome, Rejected) and outcome.problem.code == "target_gone"


def read_quotas(answer: Response) -> Iterator[Quota]:
    """X-RateLimit-Limit, -Remaining and -Reset (ISO 8601), sent with every answer of the API."""
    limit, remaining = (_integer(answer.headers.get(f"x-ratelimit-{name}")) for name in ("limit", "remaining"))
    if limit is None or remaining is None:
        return
    resets_at = parse_reset(answer.headers.get("x-ratelimit-reset", ""), datetime.now(UTC))
    blocked = resets_at if remaining == 0 or answer.status == 429 else None
    yield Quota(_bucket(urlsplit(answer.url).path, limit), limit, remaining, resets_at, blocked)


def _bucket(path: str, limit: int | None) -> str:
    if path.endswith(("/api/v1/media", "/api/v2/media")):
        return "media"
    return "delete" if limit is not None and limit <= DELETE_LIMIT else "api"


def _integer(value: str | None) -> int | None:
    return int(value) if value is not None and value.strip().isdigit() else None
