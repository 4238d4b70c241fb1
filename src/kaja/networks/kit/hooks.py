"""Webhooks: what a network sends by itself. A capability that a connector may have as `hooks`.

A hook only says that there may be something to read. It may be lost, come twice, late, or in another order; what it
claims is never taken for true.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest
from hmac import new as new_hmac
from typing import Protocol

from kaja.networks.kit.grants import App


@dataclass(frozen=True)
class HookEvent:
    """An account, as its facts name it, and the stream of it in which something happened."""

    account_id: str
    stream: str


class Hooks(Protocol):
    """How a network's hooks are told from anybody else's, and read."""

    def verify(self, headers: Mapping[str, str], body: bytes, app: App) -> bool:
        """Whether the network itself sent exactly these bytes for this developer app. Header names are in lower
        case."""

    def handshake(self, query: Mapping[str, str], app: App) -> str | None:
        """What to answer a network that asks whether this address is ours, before it sends anything; None for nobody
        that we know."""

    def parse(self, body: bytes) -> list[HookEvent]:
        """What a verified body speaks of. Raises ValueError, KeyError or TypeError for what is in no known form."""


def find_hooks(connector: object) -> Hooks | None:
    """A connector's hooks; None for a network that sends none."""
    return getattr(connector, "hooks", None)


def answer_challenge(query: Mapping[str, str], app: App) -> str | None:
    """The handshake of WebSub, which several networks have: they show the token that was agreed, and want their
    challenge back."""
    known = compare_digest(query.get("hub.verify_token", "").encode(), app.verify_token.encode())
    return query.get("hub.challenge") if app.verify_token and known and query.get("hub.mode") == "subscribe" else None


def is_signed(body: bytes, secret: str, given: str) -> bool:
    """Whether `given` is "sha256=" and the HMAC of the raw body, as many networks sign; compared in constant time."""
    wanted = "sha256=" + new_hmac(secret.encode(), body, "sha256").hexdigest()
    return bool(secret) and compare_digest(wanted.encode(), given.encode("utf-8", "replace"))
