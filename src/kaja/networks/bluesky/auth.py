"""Signing in, and staying signed in: an access token of two hours, a refresh token that changes with every use.

Many deliveries of one account may find its token expired at the same moment: in one process they share one renewal,
and between processes the session's keeper lets one of them ask. A refresh that does not work is no reason to
disconnect: the stored app password opens a new session, and only when the server refuses that, the person is asked.
"""

import asyncio
import base64
import binascii
import hashlib
import json
import time
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from kaja.networks.bluesky.limits import NETWORK
from kaja.networks.bluesky.xrpc import get_error, needs_new_token, read
from kaja.networks.kit.answers import read_object
from kaja.networks.kit.guards import Failed
from kaja.networks.kit.http import Response, Session, TransportError
from kaja.networks.kit.outcome import Failure, reconnect_problem
from kaja.networks.kit.results import NeedsReconnect

_EARLY_SECONDS = 60
_KEPT_SECONDS = 600.0
_REFUSED = frozenset({"AuthenticationRequired", "AuthFactorTokenRequired", "InvalidIdentifier"})

Tokens = dict[str, str]
_renewals: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, tuple[float, asyncio.Task[Tokens | Failure]]]] = (
    WeakKeyDictionary()
)


async def call(session: Session, method: str, name: str, *, irreversible: bool = False, **request: Any) -> Response:
    """One XRPC call as the account that has to succeed. Raises Failed."""
    return read(await ask(session, method, name, irreversible=irreversible, **request), irreversible=irreversible)


async def ask(
    session: Session, method: str, name: str, *, irreversible: bool = False, **request: Any
) -> Response | TransportError:
    """One XRPC call as the account, with a token renewed when it has to be. Raises Failed when that does not work.

    A call that was refused for its token did nothing, so it is made again with the new one.
    """
    await ensure_token(session)
    answer = await _request(session, method, name, irreversible, request)
    if isinstance(answer, Response) and needs_new_token(answer):
        await renew(session)
        answer = await _request(session, method, name, irreversible, request)
    return answer


async def _request(
    session: Session, method: str, name: str, irreversible: bool, request: Mapping[str, Any]
) -> Response | TransportError:
    try:
        return await session.request(method, f"/xrpc/{name}", irreversible=irreversible, **request)
    except TransportError as error:
        return error


async def create_session(session: Session, identifier: str, password: str) -> dict[str, Any]:
    """Sign in with an app password; the server's answer. Raises Failed, with NeedsReconnect for a definite refusal."""
    session.hide(password)
    answer: Response | TransportError
    try:
        answer = await session.request(
            "POST",
            "/xrpc/com.atproto.server.createSession",
            json={"identifier": identifier, "password": password},
            authorized=False,
        )
        if answer.status in (400, 401) and get_error(answer) in _REFUSED:
            raise Failed(NeedsReconnect(reconnect_problem(NETWORK)))
        made = read_object(read(answer), "accessJwt", "refreshJwt", "did")
    except TransportError as error:
        read(error)
        raise
    session.hide(str(made["accessJwt"]), str(made["refreshJwt"]))
    return dict(made)


async def ensure_token(session: Session) -> None:
    """Use the stored access token, renewed when it is about to expire. Raises Failed."""
    access = session.credentials.get("access", "")
    if not access or read_expiry(access) - time.time() < _EARLY_SECONDS:
        await renew(session)
    else:
        session.use_bearer(access)


async def renew(session: Session) -> None:
    """Fresh tokens for the session, shared with whoever asks for the same at the same time. Raises Failed."""
    renewals = _renewals.setdefault(asyncio.get_running_loop(), {})
    now = time.monotonic()
    for old in [key for key, (started, _) in renewals.items() if now - started > _KEPT_SECONDS]:
        del renewals[old]
    used = (session.base_url, *(session.credentials.get(name, "") for name in ("did", "refresh", "access", "password")))
    key = hashlib.sha256("\0".join(used).encode()).hexdigest()
    entry = renewals.get(key)
    if entry is None or (entry[1].done() and not _is_good(entry[1])):
        entry = renewals[key] = (now, asyncio.create_task(_renewed(session)))
    outcome = await asyncio.shield(entry[1])
    if not isinstance(outcome, dict):
        raise Failed(outcome)
    session.use_credentials(outcome)
    session.use_bearer(outcome["access"])


def _is_good(task: "asyncio.Task[Tokens | Failure]") -> bool:
    return not task.cancelled() and task.exception() is None and isinstance(task.result(), dict)


async def _renewed(session: Session) -> Tokens | Failure:
    """The credentials with tokens that work; what became of asking for them when they do not."""
    try:
        await session.renew(lambda: _fetch_tokens(session))
        return session.credentials
    except Failed as failed:
        return failed.result
    except TransportError as error:
        try:
            read(error)
        except Failed as failed:
            return failed.result
        raise


async def _fetch_tokens(session: Session) -> Tokens:
    """Fresh tokens for the session's credentials. Raises Failed, TransportError."""
    credentials = session.credentials
    if credentials.get("refresh"):
        session.use_bearer(credentials["refresh"])
        answer = await _request(session, "POST", "com.atproto.server.refreshSession", False, {})
        if isinstance(answer, Response) and answer.ok:
            return _read_tokens(read_object(answer, "accessJwt", "refreshJwt"))
        if isinstance(answer, TransportError) or answer.status == 429 or answer.status >= 500:
            read(answer)
    return _read_tokens(
        await create_session(session, credentials.get("did") or credentials["identifier"], credentials["password"])
    )


def _read_tokens(made: Mapping[str, Any]) -> Tokens:
    return {"access": str(made["accessJwt"]), "refresh": str(made["refreshJwt"])}


def read_claims(token: str) -> dict[str, Any]:
    """What a token says of itself; empty when it is not a JWT. Not a check of its signature."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError, binascii.Error, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def read_expiry(token: str) -> float:
    """When a token expires, in Unix time; far in the future when it does not say."""
    expiry = read_claims(token).get("exp")
    return float(expiry) if isinstance(expiry, int | float) else float("inf")
