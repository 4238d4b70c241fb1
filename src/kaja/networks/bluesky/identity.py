"""From a handle to the server that keeps the account: handle -> DID -> DID document -> PDS.

https://atproto.com/specs/handle and https://atproto.com/specs/did, read 2026-11-22. The DNS method is left to the
resolver, which asks DNS for us; the HTTPS method is tried when the resolver does not know the handle.
"""

import contextlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import regex

from kaja.networks.bluesky.info import WORDS
from kaja.networks.kit.answers import read_mapping
from kaja.networks.kit.http import Session, TransportError
from kaja.networks.kit.iri import encode_host

_DID = regex.compile(r"did:(?:plc:[a-z2-7]{24}|web:[a-zA-Z0-9.:%-]+)")


def clean_identifier(typed: str) -> str:
    """A handle, DID or e-mail address as the server wants it, from what was typed or copied out of the app."""
    text = regex.sub(r"[\p{Cf}\p{Zs}\s]", "", typed).removeprefix("https://bsky.app/profile/").strip("/")
    if text.startswith("did:"):
        return text
    text = text.lstrip("@").lower()
    if "@" not in text:  # a domain of any script; an e-mail address stays as it is
        with contextlib.suppress(ValueError):
            text = encode_host(text)
    return text if "." in text or not text else f"{text}.bsky.social"


async def find_server(identifier: str, session: Session, *, resolver: str, directory: str) -> tuple[str, str]:
    """The DID and the PDS of a handle or DID. Raises ConnectRefused; TransportError when a lookup gets no answer."""
    did = identifier if identifier.startswith("did:") else await fetch_did(identifier, session, resolver=resolver)
    server = find_pds(await _fetch_document(did, session, directory)) if _DID.fullmatch(did) else ""
    if not server:
        raise WORDS.refuse("bluesky_handle_unknown", handle=identifier)
    return did, server


async def fetch_did(handle: str, session: Session, *, resolver: str) -> str:
    """The DID of a handle; empty when nobody has it. Raises TransportError when it cannot be told."""
    url, params = f"{resolver}/xrpc/com.atproto.identity.resolveHandle", {"handle": handle}
    answer = await session.request("GET", url, params=params, authorized=False)
    did = str(answer.json_object().get("did", ""))
    if answer.ok and _DID.fullmatch(did):
        return did
    url = f"https://{handle}/.well-known/atproto-did"
    try:
        answer = await session.request("GET", url, authorized=False, timeout=10.0, max_bytes=10_000)
    except TransportError:
        return ""  # the host of a handle that nobody has usually does not exist
    did = answer.text.strip()
    return did if answer.ok and _DID.fullmatch(did) else ""


async def _fetch_document(did: str, session: Session, directory: str) -> Mapping[str, Any]:
    url = f"{directory}/{quote(did, safe=':')}"
    if did.startswith("did:web:"):
        url = f"https://{did.removeprefix('did:web:').replace('%3A', ':')}/.well-known/did.json"
    accepts = {"Accept": "application/did+ld+json, application/json"}
    answer = await session.request("GET", url, authorized=False, headers=accepts)
    return answer.json_object() if answer.ok else {}


def find_pds(document: Mapping[str, Any]) -> str:
    """The address of the PDS in a DID document; empty when it names none."""
    services = document.get("service")
    for service in map(read_mapping, services if isinstance(services, list) else ()):
        endpoint = service.get("serviceEndpoint")
        is_pds = str(service.get("id", "")).endswith("#atproto_pds")
        if is_pds and isinstance(endpoint, str) and endpoint.startswith(("https://", "http://")):
            return endpoint.rstrip("/")
    return ""
