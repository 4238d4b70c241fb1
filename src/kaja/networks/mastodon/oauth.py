"""Connecting an account on any instance: an application of our own there, the person's consent, a token.

https://docs.joinmastodon.org/methods/oauth/ and /methods/apps/, read 2026-11-22.
"""

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit.connector import Authorization, Connected, ConnectRefused
from kaja.networks.kit.http import Response, Session, TransportError
from kaja.networks.kit.iri import to_uri
from kaja.networks.mastodon.account import fetch_instance, inspect_account
from kaja.networks.mastodon.api import request

SCOPES = "read:accounts read:statuses write:media write:statuses"
CLIENT_NAME = "Kaja"

inspect = inspect_account


def parse_instance(typed: str) -> str:
    """The base URL from what people type: a host, an address of a page, or a full handle. Raises ConnectRefused."""
    text = typed.strip()
    if "://" not in text:
        text = f"https://{text.rsplit('@', 1)[-1] if '/' not in text else text}"
    try:
        parts = urlsplit(to_uri(text))
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    if not host or not re.fullmatch(r"[^\s/?#@\[\]]+|[0-9a-f:.]+", host) or parts.scheme not in ("http", "https"):
        raise ConnectRefused(
            Problem(
                "instance_invalid",
                gettext_noop("“%(typed)s” is not the address of a server."),
                "instance",
                gettext_noop("Write it like mastodon.social: the part after the last @ of your handle."),
                {"typed": typed[:100]},
            )
        )
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port else "")


async def authorize(form: Mapping[str, str], redirect_uri: str, state: str, session: Session) -> Authorization:
    """Register an application with the instance and build the address of its consent page. Raises ConnectRefused."""
    try:
        base = (await fetch_instance(parse_instance(form.get("instance", "")), session)).base_url
        answer = await request(
            session,
            "POST",
            f"{base}/api/v1/apps",
            # One address as text: an array is understood only since Mastodon 4.3.
            json={"client_name": CLIENT_NAME, "redirect_uris": redirect_uri, "scopes": SCOPES},
            authorized=False,
        )
        app = answer.json_object()
        if not answer.ok or not app.get("client_id") or not app.get("client_secret"):
            raise ConnectRefused(_refused(answer))
        pending = {
            "instance": base,
            "redirect_uri": redirect_uri,
            "client_id": str(app["client_id"]),
            "client_secret": str(app["client_secret"]),
        }
        query = {
            "response_type": "code",
            "client_id": pending["client_id"],
            "redirect_uri": redirect_uri,
            "scope": SCOPES,
            "state": state,
        }
        if await _takes_pkce(base, session):
            verifier = secrets.token_urlsafe(48)
            digest = hashlib.sha256(verifier.encode()).digest()
            query["code_challenge"] = base64.urlsafe_b64encode(digest).decode().rstrip("=")
            query["code_challenge_method"] = "S256"
            pending["code_verifier"] = verifier
    except TransportError as error:
        raise ConnectRefused(error.problem) from error
    return Authorization(f"{base}/oauth/authorize?{urlencode(query)}", pending)


async def connect(form: Mapping[str, str], pending: Mapping[str, str], session: Session) -> Connected:
    """Exchange the code that the person came back with, and look at the account. Raises ConnectRefused."""
    if form.get("error") or not form.get("code"):
        raise ConnectRefused(
            Problem(
                "consent_missing",
                gettext_noop("The server sent you back without a permission for Kaja."),
                "",
                gettext_noop("Connect again and allow the access that the server asks about."),
            )
        )
    session.base_url = pending["instance"]
    session.hide(pending["client_secret"], form["code"])
    body = {
        "grant_type": "authorization_code",
        "code": form["code"],
        "client_id": pending["client_id"],
        "client_secret": pending["client_secret"],
        "redirect_uri": pending["redirect_uri"],
    }
    if "code_verifier" in pending:
        body["code_verifier"] = pending["code_verifier"]
    try:
        answer = await request(session, "POST", "/oauth/token", json=body, authorized=False)
        token = answer.json_object()
        if not answer.ok or not isinstance(token.get("access_token"), str):
            raise ConnectRefused(_refused(answer))
        credentials = {
            "access_token": token["access_token"],
            "scope": str(token.get("scope") or SCOPES),
            "client_id": pending["client_id"],
            "client_secret": pending["client_secret"],
        }
        session.credentials = credentials
        facts = await inspect_account(session)
    except TransportError as error:
        raise ConnectRefused(error.problem) from error
    return Connected(facts, credentials, pending["instance"])


async def _takes_pkce(base: str, session: Session) -> bool:
    """Mastodon announces it in the authorization server's metadata (RFC 8414) since 4.3."""
    answer = await request(session, "GET", f"{base}/.well-known/oauth-authorization-server", authorized=False)
    methods: Any = answer.json_object().get("code_challenge_methods_supported") if answer.ok else None
    return isinstance(methods, list) and "S256" in methods


def _refused(answer: Response) -> Problem:
    body = answer.json_object()
    said = str(body.get("error_description") or body.get("error") or answer.status)
    return Problem(
        "connect_refused",
        gettext_noop("The server refused the connection: %(answer)s"),
        "",
        gettext_noop("Start connecting again; the permission is good for one use and a few minutes only."),
        {"answer": said[:300]},
    )
