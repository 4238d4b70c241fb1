"""Connecting an account, and how it is."""

from collections.abc import Mapping
from typing import Any

from kaja.networks.kit.addresses import parse_server
from kaja.networks.kit.connector import Connected, ConnectRefused
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.guards import connecting, inspecting
from kaja.networks.kit.http import AnswerLost, Session
from kaja.networks.practice.answers import REST, not_practice, parse_facts, read_told
from kaja.networks.practice.info import USUAL_ADDRESS, WORDS


@connecting()
async def connect(form: Mapping[str, str], shown: Mapping[str, str], session: Session) -> Connected:
    """Makes the account, or opens the one that has this name already. `shown` holds what Kaja itself shows: its
    key, and the workspace whose the account is."""
    session.base_url = parse_base_url(form.get("base_url") or USUAL_ADDRESS)
    body = {
        "name": form.get("name", ""),
        "kind": form.get("kind") or "plain",
        "workspace": shown.get("workspace", ""),
    }
    session.hide(key := shown.get("key", ""))
    how: dict[str, Any] = {"json": body, "headers": {"X-Practice-Key": key}, "authorized": False}
    try:
        told = read_told(await REST.call(session, "POST", "/api/v1/accounts", **how))
        return Connected(parse_facts(told["account"]), {"token": str(told["token"])}, session.base_url)
    except (KeyError, TypeError, ValueError) as error:
        raise ConnectRefused(not_practice(session.base_url)) from error


@inspecting
async def inspect(session: Session) -> Facts:
    """Raises TransportError for trouble of the moment, which says nothing about the account."""
    try:
        return parse_facts(await REST.fetch(session, "/api/v1/account"))
    except (KeyError, TypeError, ValueError) as error:
        raise AnswerLost(not_practice(session.base_url)) from error


def parse_base_url(text: str) -> str:
    """The address of a practice network; a bare host is taken as http. Raises ConnectRefused."""
    parts = parse_server(text, "http")
    if parts is None or parts.path not in ("", "/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise WORDS.refuse("bad_address", address=text.strip()[:200])
    return f"{parts.scheme}://{parts.netloc}"
