"""Connecting an account, and asking how it is."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.bluesky import identity
from kaja.networks.bluesky.auth import call, create_session, read_claims
from kaja.networks.bluesky.limits import APP, CDN, DIRECTORY, ENTRYWAY, MAX_BYTES, MAX_GRAPHEMES, MAX_IMAGES, RESOLVER
from kaja.networks.bluesky.xrpc import read, read_quotas
from kaja.networks.kit.answers import read_object
from kaja.networks.kit.connector import Connected, ConnectRefused
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.guards import Failed, inspecting
from kaja.networks.kit.http import Session, TransportError
from kaja.networks.kit.iri import to_uri
from kaja.networks.kit.results import NeedsReconnect

_MAIN_PASSWORD_SCOPE = "com.atproto.access"  # noqa: S105 - the scope of a session that the account's own password opened


@dataclass(frozen=True)
class Accounts:
    """Connecting and health, with the addresses of the directories that are asked."""

    resolver: str = RESOLVER
    directory: str = DIRECTORY

    async def connect(self, form: Mapping[str, str], shown: Mapping[str, str], session: Session) -> Connected:
        return await connect(form, session, resolver=self.resolver, directory=self.directory)

    @inspecting
    async def inspect(self, session: Session) -> Facts:
        return await inspect(session)


async def connect(form: Mapping[str, str], session: Session, *, resolver: str, directory: str) -> Connected:
    """Sign in with handle and app password at the account's server. Raises ConnectRefused."""
    identifier, password = identity.clean_identifier(form.get("handle", "")), form.get("password", "").strip()
    for field, value in (("handle", identifier), ("password", password)):
        if not value:
            raise ConnectRefused(
                Problem("required", gettext_noop("This is needed."), field=field, fix=gettext_noop("Fill it in."))
            )
    session.hide(password)
    session.read_quotas = read_quotas
    try:
        session.base_url, did = await _find_server(identifier, form.get("server", ""), session, resolver, directory)
        made = await create_session(session, did or identifier, password)
        if did and made.get("did") != did:
            raise ConnectRefused(_wrong_sign_in())
        _refuse_main_password(str(made["accessJwt"]))
        session.credentials = {
            "identifier": identifier,
            "password": password,
            "did": str(made["did"]),
            "access": str(made["accessJwt"]),
            "refresh": str(made["refreshJwt"]),
        }
        facts = await inspect(session)
    except Failed as failed:
        refused = isinstance(failed.result, NeedsReconnect) and failed.problem.code == "needs_reconnect"
        raise ConnectRefused(_wrong_sign_in() if refused else failed.problem) from failed
    except TransportError as error:
        raise ConnectRefused(error.problem) from error
    return Connected(facts, dict(session.credentials), session.base_url)


async def _find_server(identifier: str, typed: str, session: Session, resolver: str, directory: str) -> tuple[str, str]:
    """The server to sign in at, and the DID when it is known already."""
    typed = typed.strip().rstrip("/")
    if typed:
        address = typed if "://" in typed else f"https://{typed}"
        with contextlib.suppress(ValueError):  # what is no address is refused where it would be called
            address = to_uri(address)
        return address, ""
    if "@" in identifier:  # an e-mail address says nothing of the server; most accounts are Bluesky's own
        return ENTRYWAY, ""
    did, server = await identity.find_server(identifier, session, resolver=resolver, directory=directory)
    return server, did


def _refuse_main_password(access: str) -> None:
    if read_claims(access).get("scope") == _MAIN_PASSWORD_SCOPE:
        raise ConnectRefused(
            Problem(
                "bluesky_main_password",
                gettext_noop("This is the account's main password. Kaja does not keep it."),
                field="password",
                fix=gettext_noop("Make an app password at Bluesky (Settings, Privacy and security) and use that."),
            )
        )


def _wrong_sign_in() -> Problem:
    return Problem(
        "bluesky_sign_in",
        gettext_noop("Bluesky does not accept this handle and app password."),
        field="password",
        fix=gettext_noop("Check the handle, and make a new app password at Bluesky (Settings, Privacy and security)."),
    )


async def inspect(session: Session) -> Facts:
    """Who the account is and what its server takes; only calls that every PDS answers itself. Raises Failed."""
    session.read_quotas = read_quotas
    own = read_object(await call(session, "GET", "com.atproto.server.getSession"), "did", "handle")
    if own.get("active") is False:
        raise ConnectRefused(
            Problem(
                "bluesky_account_inactive",
                gettext_noop("This Bluesky account is not active (%(status)s)."),
                fix=gettext_noop("Sign in at Bluesky to see why."),
                params={"status": str(own.get("status", ""))},
            )
        )
    did, handle = str(own["did"]), str(own["handle"])
    profile = await _fetch_profile(did, session)
    server = (await session.request("GET", "/xrpc/com.atproto.server.describeServer", authorized=False)).json_object()
    limits: dict[str, Any] = {"characters": MAX_GRAPHEMES, "bytes": MAX_BYTES, "images": MAX_IMAGES}
    if isinstance(server.get("blobUploadLimit"), int):
        limits["blob_bytes"] = server["blobUploadLimit"]
    avatar = profile.get("avatar")
    link = avatar.get("ref", {}).get("$link", "") if isinstance(avatar, dict) else ""
    return Facts(
        account_id=did,
        handle=handle,
        name=str(profile.get("displayName") or handle),
        url=f"{APP}/profile/{did}",
        avatar_url=f"{CDN}/img/avatar/plain/{did}/{link}@jpeg" if link else "",
        limits=limits,
        permissions=("publish", "delete"),
        version=urlsplit(session.base_url).hostname or "",
    )


async def _fetch_profile(did: str, session: Session) -> dict[str, Any]:
    """The profile record; empty for an account that has none yet."""
    answer = await session.request(
        "GET",
        "/xrpc/com.atproto.repo.getRecord",
        params={"repo": did, "collection": "app.bsky.actor.profile", "rkey": "self"},
    )
    if answer.status == 400:
        return {}
    value = read(answer).json().get("value")
    return value if isinstance(value, dict) else {}
