"""OAuth 2 as networks do it: authorization code with PKCE, exchange, renewal with tokens that rotate or do not.

RFC 6749 (codes, refresh), RFC 7636 (PKCE), RFC 9700 (what is recommended today), read 2026-11-30. A network's folder
says where its pages are and what it asks for; what differs comes in as arguments.
"""

import base64
import hashlib
import secrets
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit.connector import ConnectRefused
from kaja.networks.kit.consent import Authorization
from kaja.networks.kit.grants import App, Tokens
from kaja.networks.kit.http import AnswerLost, Response, Session
from kaja.networks.kit.outcome import reconnect_problem

DENIED = frozenset({"access_denied", "user_cancelled_authorize", "user_cancelled_login", "user_denied"})
"""What networks call it when a person says no."""
_USED_UP = frozenset({"invalid_grant", "invalid_token", "invalid_client", "unauthorized_client", "access_denied"})
"""Answers to a renewal after which only a person helps; whatever else is said may pass by itself."""


def begin(
    address: str, app: App, back: str, state: str, *, scopes: str = "", pkce: bool = True, **more: str
) -> Authorization:
    """The address of the consent page at `address`, and what is needed to exchange the code that comes back."""
    query = {"response_type": "code", "client_id": app.client_id, "redirect_uri": back, "state": state, **more}
    if scopes:
        query["scope"] = scopes
    pending = {"redirect_uri": back}
    if pkce:
        pending["code_verifier"] = verifier = secrets.token_urlsafe(48)
        digest = hashlib.sha256(verifier.encode()).digest()
        query |= {
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
    return Authorization(f"{address}{'&' if '?' in address else '?'}{urlencode(query)}", pending)


async def fetch_metadata(base: str, session: Session, *, headers: Mapping[str, str] | None = None) -> Mapping[str, Any]:
    """What an authorization server says of itself (RFC 8414); empty when it says nothing. Raises TransportError."""
    url = f"{base}/.well-known/oauth-authorization-server"
    answer = await session.request("GET", url, authorized=False, headers=headers)
    return answer.json_object() if answer.ok else {}


def has_pkce(metadata: Mapping[str, Any]) -> bool:
    """Whether the server says that it understands a challenge by SHA-256."""
    methods = metadata.get("code_challenge_methods_supported")
    return isinstance(methods, list) and "S256" in methods


async def exchange(
    address: str,
    network: str,
    app: App,
    answer: Mapping[str, str],
    pending: Mapping[str, str],
    session: Session,
    *,
    as_json: bool = False,
    headers: Mapping[str, str] | None = None,
    **more: str,
) -> dict[str, Any]:
    """The token answer for the code that the person came back with. Raises ConnectRefused, TransportError."""
    if answer.get("error") or not answer.get("code"):
        raise ConnectRefused(refuse_consent(network, answer))
    session.hide(answer["code"])
    body = {"grant_type": "authorization_code", "code": answer["code"], "redirect_uri": pending["redirect_uri"], **more}
    if "code_verifier" in pending:
        body["code_verifier"] = pending["code_verifier"]
        session.hide(pending["code_verifier"])
    told = await _ask(address, app, body, session, as_json, headers)
    token, why = read_token(told)
    if why:
        raise ConnectRefused(refuse_connection(str(told.json_object().get("error_description") or why)))
    return token


async def renew(
    address: str, network: str, session: Session, *, as_json: bool = False, headers: Mapping[str, str] | None = None
) -> Tokens:
    """Fresh tokens for the session's refresh token. Raises ConnectRefused when it opens nothing any more,
    TransportError for trouble of the moment."""
    app = await session.find_app()
    refresh = session.credentials.get("refresh_token", "")
    if app is None or not refresh:
        raise ConnectRefused(reconnect_problem(network))
    body = {"grant_type": "refresh_token", "refresh_token": refresh}
    told = await _ask(address, app, body, session, as_json, headers)
    token, why = read_token(told)
    if why:
        if why in _USED_UP:
            raise ConnectRefused(reconnect_problem(network))
        raise AnswerLost(_trouble(network, told, why))
    return read_tokens(token, session)


def read_tokens(token: Mapping[str, Any], session: Session, subject: str = "") -> Tokens:
    """A token answer as it is kept. It is renewed when four fifths of its life are over, where it can be."""
    credentials = {"access_token": str(token["access_token"])}
    refresh = str(token.get("refresh_token") or session.credentials.get("refresh_token", ""))
    if refresh:
        credentials["refresh_token"] = refresh
    session.hide(*credentials.values())
    for name in ("scope", "token_type"):
        if token.get(name):
            credentials[name] = str(token[name])
    expires_at = renew_at = None
    lasts = token.get("expires_in")
    if isinstance(lasts, int | float | str) and str(lasts).replace(".", "", 1).isdigit() and float(lasts) > 0:
        moment = datetime.now(UTC)
        expires_at = moment + timedelta(seconds=float(lasts))
        credentials["ends"] = str(int(expires_at.timestamp()))
        renew_at = moment + timedelta(seconds=float(lasts) * 0.8) if refresh else None
    return Tokens(credentials, expires_at, renew_at, subject)


def read_token(answer: Response) -> tuple[dict[str, Any], str]:
    """The token of an answer, or why there is none: some networks refuse with a 200 and an error in it."""
    body = answer.json_object()
    if inner := body.get("data"):  # an envelope
        body = {**body, **inner} if isinstance(inner, dict) else body
    error = body.get("error") or body.get("error_code")
    if isinstance(error, dict):
        error = error.get("code") if isinstance(error.get("code"), str) else error.get("message") or error.get("code")
    if answer.ok and not error and isinstance(body.get("access_token"), str):
        return body, ""
    return {}, str(error or body.get("error_description") or answer.status)


def require_scopes(granted: str, *needed: Collection[str]) -> tuple[str, ...]:
    """The scopes that a consent gave, one of each `needed` among them: people may leave some out, and servers may give
    fewer. Nothing is known of a server that names none. Raises ConnectRefused."""
    scopes = tuple(granted.split())
    missing = [next(iter(names)) for names in needed if scopes and not set(names) & set(scopes)]
    if missing:
        raise ConnectRefused(
            Problem(
                "scope_missing",
                gettext_noop("The server did not give Kaja the permission to post (%(missing)s)."),
                "",
                gettext_noop("Connect again and allow everything that Kaja asks for."),
                {"missing": ", ".join(missing)},
            )
        )
    return scopes


async def check_app(address: str, app: App, back: str, session: Session) -> None:
    """Whether a server knows an app and its secret: shown with a code that cannot be good, it complains of the code.

    Raises ConnectRefused, TransportError.
    """
    body = {"grant_type": "authorization_code", "code": "kaja-looks", "redirect_uri": back, "code_verifier": "x" * 43}
    _, why = read_token(await _ask(address, app, body, session, False, None))
    if why in ("invalid_client", "unauthorized_client"):
        raise ConnectRefused(
            Problem(
                "app_unknown",
                gettext_noop("The network does not know this app, or its secret is another one."),
                fix=gettext_noop("Copy the app's id and secret from the network once more, and store them again."),
            )
        )


async def _ask(
    address: str,
    app: App,
    body: dict[str, str],
    session: Session,
    as_json: bool,
    headers: Mapping[str, str] | None,
) -> Response:
    body = {**body, "client_id": app.client_id}
    if app.secret:
        body["client_secret"] = app.secret
        session.hide(app.secret)
    sent = {"json": body} if as_json else {"data": body}
    answer = await session.request("POST", address, authorized=False, headers=headers, **sent)  # type: ignore[arg-type]
    if answer.status == 429 or answer.status >= 500:
        raise AnswerLost(_trouble("", answer, str(answer.status)))
    return answer


def refuse_consent(network: str, answer: Mapping[str, str]) -> Problem:
    """The person came back without a code: they said no, or the network had a reason of its own."""
    said = answer.get("error_description") or answer.get("error_reason") or answer.get("error") or ""
    if said and answer.get("error") not in DENIED:
        return refuse_connection(said)
    return Problem(
        "consent_refused",
        gettext_noop("%(network)s says that the consent was not given, so nothing was connected."),
        fix=gettext_noop("Connect again and allow what Kaja asks for."),
        params={"network": network},
    )


def refuse_connection(said: str) -> Problem:
    """The network did not want to, in its own words."""
    return Problem(
        "connect_refused",
        gettext_noop("The server refused the connection: %(answer)s"),
        fix=gettext_noop("Start connecting again; the permission is good for one use and a few minutes only."),
        params={"answer": said[:300]},
    )


def _trouble(network: str, answer: Response, said: str) -> Problem:
    return Problem(
        "network_error",
        gettext_noop("%(network)s had an error of its own (status %(status)s)."),
        params={"network": network or urlsplit(answer.url).hostname or "", "status": answer.status, "said": said[:200]},
    )
