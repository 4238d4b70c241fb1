"""What an instance and an account say about themselves. Servers differ: the newest description is asked for first."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from kaja.networks.kit import oauth
from kaja.networks.kit.answers import read_mapping, read_object
from kaja.networks.kit.connector import ConnectRefused
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.http import Session
from kaja.networks.kit.outcome import raise_trouble, reconnect_problem
from kaja.networks.mastodon.api import NETWORK, REST
from kaja.networks.mastodon.info import WORDS
from kaja.networks.mastodon.limits import parse_limits, render_limits

_DESCRIPTIONS = ("/api/v2/instance", "/api/v1/instance")  # v2 since Mastodon 4.0; snac2 has only v1 (seen, 2.75)
_WRITE_SCOPES = (("write:statuses", "write"), ("write:media", "write"))


@dataclass(frozen=True)
class Instance:
    """A server's own description and the address at which it really answers."""

    base_url: str
    description: Mapping[str, Any]


async def fetch_instance(base: str, session: Session) -> Instance:
    """The description of the server at `base`. Raises ConnectRefused when it does not speak this API."""
    status = 0
    for path in _DESCRIPTIONS:
        answer = await REST.request(session, "GET", f"{base}{path}", authorized=False)
        status = answer.status
        description = answer.json_object()
        if answer.ok and description.get("version"):
            # A domain may send on to the host where its instance lives.
            return Instance(answer.url.split("?")[0].removesuffix(path), description)
        if status == 429 or status >= 500:
            raise_trouble(NETWORK, answer)
    raise WORDS.refuse("not_mastodon", host=urlsplit(base).netloc, status=status)


async def inspect(session: Session) -> Facts:
    """Who the token belongs to and what the server allows. Raises ConnectRefused, or TransportError for the moment."""
    answer = await REST.request(session, "GET", "/api/v1/accounts/verify_credentials")
    # snac2 answers 422 with an empty body to a token that it does not know (seen, 2.75).
    if answer.status in (401, 403, 422):
        raise ConnectRefused(reconnect_problem(NETWORK))
    if not answer.ok:
        raise_trouble(NETWORK, answer)
    account = read_object(answer, "id")
    instance = await fetch_instance(session.base_url.rstrip("/"), session)
    limits = parse_limits(instance.description, await fetch_software(session))
    granted = oauth.require_scopes(session.credentials.get("scope", ""), *_WRITE_SCOPES)
    host = urlsplit(session.base_url).netloc
    acct = str(account.get("acct") or account.get("username") or "")
    return Facts(
        account_id=str(account["id"]),
        handle=f"@{acct}" if "@" in acct else f"@{acct}@{host}",
        name=str(account.get("display_name") or acct),
        url=str(account.get("url") or ""),
        avatar_url=str(account.get("avatar_static") or account.get("avatar") or ""),
        limits=render_limits(limits),
        permissions=granted,
        version=str(instance.description.get("version") or ""),
    )


async def fetch_software(session: Session) -> str:
    """The server software's name by nodeinfo (https://nodeinfo.diaspora.software/protocol), empty when not given."""
    answer = await REST.request(session, "GET", "/.well-known/nodeinfo", authorized=False)
    links = answer.json_object().get("links") if answer.ok else None
    own = urlsplit(session.base_url).netloc
    for link in reversed(links) if isinstance(links, list) else ():
        address = str(read_mapping(link).get("href") or "")
        if urlsplit(address).netloc != own:
            continue
        document = await REST.request(session, "GET", address, authorized=False)
        software = read_mapping(document.json_object().get("software")) if document.ok else {}
        return str(software.get("name") or "").lower()
    return ""
