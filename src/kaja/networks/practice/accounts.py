"""Connecting an account, and how it is."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from kaja.networks.kit.connector import Connected, ConnectRefused, FormField
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.guards import Failed, inspecting
from kaja.networks.kit.http import AnswerLost, Response, Session, TransportError
from kaja.networks.practice import lookup
from kaja.networks.practice.answers import (
    ask,
    bad_address,
    not_connected,
    not_practice,
    open_session,
    parse_facts,
    read,
    read_told,
)
from kaja.networks.practice.info import INFO


async def connect(form: Mapping[str, str], shown: Mapping[str, str], session: Session) -> Connected:
    """Makes the account, or opens the one that has this name already. `shown` holds what Kaja itself shows: its
    key, and the workspace whose the account is."""
    session.base_url = parse_base_url(form.get("base_url") or _field("base_url").default)
    session.use_no_credentials()
    body = {
        "name": form.get("name", ""),
        "kind": form.get("kind") or _field("kind").default,
        "workspace": shown.get("workspace", ""),
    }
    session.hide(shown.get("key", ""))
    headers = {"X-Practice-Key": shown.get("key", "")}
    try:
        answer = await ask(session, "POST", "/api/v1/accounts", json=body, headers=headers)
        if isinstance(answer, Response) and (known := not_connected(answer)):
            raise ConnectRefused(known)
        told = read_told(read(answer, irreversible=False))
        facts, token = parse_facts(told["account"]), str(told["token"])
    except (Failed, TransportError) as error:
        raise ConnectRefused(error.problem) from error
    except (KeyError, TypeError, ValueError) as error:
        raise ConnectRefused(not_practice(session.base_url)) from error
    return Connected(facts, {"token": token}, session.base_url)


@inspecting
async def inspect(session: Session) -> Facts:
    """Raises TransportError for trouble of the moment, which says nothing about the account."""
    open_session(session)
    try:
        return parse_facts(await lookup.fetch_object(session, "/api/v1/account"))
    except (KeyError, TypeError, ValueError) as error:
        raise AnswerLost(not_practice(session.base_url)) from error


def parse_base_url(text: str) -> str:
    """The address of a practice network; a bare host is taken as http. Raises ConnectRefused."""
    text = text.strip()
    if "://" not in text:
        text = f"http://{text}"
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 raises for a bad one
    except ValueError:
        raise ConnectRefused(bad_address(text)) from None
    foreign = parts.path not in ("", "/") or parts.query or parts.fragment or parts.username is not None
    if parts.scheme not in ("http", "https") or not parts.hostname or foreign:
        raise ConnectRefused(bad_address(text))
    return f"{parts.scheme}://{parts.netloc}"


def _field(name: str) -> FormField:
    return next(field for field in INFO.form if field.name == name)
