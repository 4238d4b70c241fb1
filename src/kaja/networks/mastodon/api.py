"""Calls to an instance, and what its refusals mean."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit.http import Response, Session
from kaja.networks.kit.outcome import Failure, read_budget, reconnect_problem, refused_problem, target_gone
from kaja.networks.kit.quotas import Quota
from kaja.networks.kit.rest import Answer, Rest
from kaja.networks.kit.results import NeedsReconnect, Rejected

NETWORK = "Mastodon"
DELETE_LIMIT = "30"
"""Deletions and uploads have budgets of 30 in 30 minutes beside the general one; https://docs.joinmastodon.org/api/rate-limits/"""
# Some compatible servers close a kept connection without notice (seen: snac2 2.75), and a call that meets the closing
# ends as "may have arrived". A new connection costs a handshake and makes that rare.
ALONE = {"Connection": "close"}


def _sign(session: Session) -> None:
    session.use_bearer(session.credentials["access_token"])


def open_session(session: Session) -> Session:
    """The session with the channel's token and with this network's rate headers understood."""
    session.read_quotas = _read_quotas
    _sign(session)
    return session


async def request(session: Session, method: str, url: str, **arguments: Any) -> Response:
    """One exchange, also with a server that no account is known at yet. Raises TransportError."""
    return await session.request(method, url, headers=ALONE, **arguments)


def _reject(answer: Response) -> Failure:
    """Error bodies: https://docs.joinmastodon.org/entities/Error/"""
    body = answer.json_object()
    if answer.status == 403:
        # The token lacks a scope, or the account is suspended or frozen: signing in again shows which.
        return NeedsReconnect(reconnect_problem(NETWORK))
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
        return Rejected(target_gone(NETWORK, str(body.get("error") or "")))
    return Rejected(refused_problem(NETWORK, str(body.get("error_description") or body.get("error") or answer.status)))


def _read_quotas(answer: Response) -> Iterator[Quota]:
    """X-RateLimit-Limit, -Remaining and -Reset (ISO 8601), sent with every answer of the API."""
    bucket = _bucket(urlsplit(answer.url).path, answer.headers.get("x-ratelimit-limit") == DELETE_LIMIT)
    return read_budget(answer, bucket)


def _bucket(path: str, deletes: bool) -> str:
    if path.endswith(("/api/v1/media", "/api/v2/media")):
        return "media"
    return "delete" if deletes else "api"


def _bucket_of(answer: Answer, method: str, path: str) -> str:
    return _bucket(path, method == "DELETE")


REST = Rest(NETWORK, _reject, _sign, bucket_of=_bucket_of, read_quotas=_read_quotas, headers=ALONE)


def said_of(refused: Rejected) -> Rejected:
    """A 404 to a call that answers nothing: only the server's own words are left."""
    return replace(refused, problem=refused_problem(NETWORK, str(refused.problem.params.get("said"))))
