"""How what came is answered: a status below it that names its author, seen by no more people than it was."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from kaja.networks.kit.connector import Answering, PrivateAnswering
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.results import RemoteRef
from kaja.networks.mastodon.rules import RULES
from kaja.networks.mastodon.text import find_entities

PRIVATE_WITHIN = timedelta(days=7)
"""The network ends it at no time; after a week nobody knows any more what they had asked for."""
_NARROW = ("unlisted", "private", "direct")


def complete(text: str, target: RemoteRef, facts: Facts) -> str:
    """Whoever is answered hears of it by being named, as every app of Mastodon does it."""
    name = str(target.data.get("acct") or target.data.get("handle") or "").lstrip("@")
    own = facts.handle.lstrip("@").lower()
    if not name or name.lower() in (own, own.partition("@")[0]):
        return text
    named = [entity for entity in find_entities(text) if entity.kind == "mention"]
    called = {f"{entity.value}@{entity.host}".rstrip("@").lower() for entity in named}
    if name.lower() in called or name.lower().partition("@")[0] in called:
        return text
    return f"@{name} {text}"


def choose_options(target: RemoteRef) -> Mapping[str, Any]:
    visibility = target.data.get("visibility")
    return {"visibility": visibility} if visibility in _NARROW else {}


def _choose_private(target: RemoteRef) -> Mapping[str, Any]:
    """A status that only those may read who are named in it."""
    return {"visibility": "direct"}


ANSWERING = Answering(
    {"comment": "reply", "reply": "reply", "mention": "reply", "direct": "message"},
    RULES,
    complete,
    choose_options,
    takes_language=True,
    private=PrivateAnswering(("comment", "reply"), PRIVATE_WITHIN, complete, _choose_private),
)
