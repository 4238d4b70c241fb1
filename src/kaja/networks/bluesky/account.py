"""Connecting an account, and asking how it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from kaja.networks.bluesky import identity
from kaja.networks.bluesky.info import INFO, WORDS
from kaja.networks.bluesky.limits import APP, CDN, DIRECTORY, ENTRYWAY, MAX_BYTES, MAX_GRAPHEMES, RESOLVER
from kaja.networks.bluesky.xrpc import REST, create_session
from kaja.networks.kit.answers import read_mapping
from kaja.networks.kit.connector import Connected, ConnectRefused
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.grants import read_claims
from kaja.networks.kit.guards import Failed, connecting, inspecting, require_filled
from kaja.networks.kit.http import Response, Session
from kaja.networks.kit.iri import convert_address

_MAIN_PASSWORD_SCOPE = "com.atproto.access"  # noqa: S105 - the scope of a session that the account's own password opened


@dataclass(frozen=True)
class Accounts:
    """Connecting and health, with the addresses of the directories that are asked."""

    resolver: str = RESOLVER
    directory: str = DIRECTORY

    @connecting()
    async def connect(self, form: Mapping[str, str], shown: Mapping[str, str], session: Session) -> Connected:
        """Sign in with handle and app password at the account's server. Raises ConnectRefused."""
        identifier = require_filled({"handle": identity.clean_identifier(form.get("handle", ""))}, "handle", "required")
        password = require_filled(form, "password", "required")
        session.base_url, did = await self._find_server(identifier, form.get("server", "").strip(), session)
        try:
            made = await create_session(session, did or identifier, password)
            if did and made["did"] != did:
                raise WORDS.refuse("bluesky_sign_in")
            if read_claims(made["access"]).get("scope") == _MAIN_PASSWORD_SCOPE:
                raise WORDS.refuse("bluesky_main_password")
            session.credentials = {"identifier": identifier, "password": password, **made}
            facts = await self.inspect(session)
        except (Failed, ConnectRefused) as refused:
            if refused.problem.code == "needs_reconnect":
                raise WORDS.refuse("bluesky_sign_in") from refused
            raise
        return Connected(facts, dict(session.credentials), session.base_url)

    async def _find_server(self, identifier: str, typed: str, session: Session) -> tuple[str, str]:
        """The server to sign in at, and the DID when it is known already."""
        if typed:  # what is no address is refused where it would be called
            return convert_address(typed if "://" in typed else f"https://{typed}").rstrip("/"), ""
        if "@" in identifier:  # an e-mail address says nothing of the server; most accounts are Bluesky's own
            return ENTRYWAY, ""
        did, server = await identity.find_server(identifier, session, resolver=self.resolver, directory=self.directory)
        return server, did

    @inspecting
    async def inspect(self, session: Session) -> Facts:
        """Who the account is and what its server takes; only calls that every PDS answers itself."""
        own = await REST.fetch(session, "/xrpc/com.atproto.server.getSession", "did", "handle")
        if own.get("active") is False:
            raise WORDS.refuse("bluesky_account_inactive", status=str(own.get("status", "")))
        did, handle = str(own["did"]), str(own["handle"])
        profile = await _fetch_profile(did, session)
        described = await session.request("GET", "/xrpc/com.atproto.server.describeServer", authorized=False)
        limits: dict[str, Any] = {"characters": MAX_GRAPHEMES, "bytes": MAX_BYTES, "images": INFO.max_images}
        if isinstance(most := described.json_object().get("blobUploadLimit"), int):
            limits["blob_bytes"] = most
        link = read_mapping(read_mapping(profile.get("avatar")).get("ref")).get("$link", "")
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


async def _fetch_profile(did: str, session: Session) -> Mapping[str, Any]:
    """The profile record; empty for an account that has none yet."""
    params = {"repo": did, "collection": "app.bsky.actor.profile", "rkey": "self"}
    answer = await REST.ask(session, "GET", "/xrpc/com.atproto.repo.getRecord", params=params)
    if isinstance(answer, Response) and answer.status == 400:
        return {}
    return read_mapping(REST.read(answer).json_object().get("value"))
