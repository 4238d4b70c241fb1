"""What a network tells the suite about itself: `tests/conformance/<network>.py` holds a `DESCRIPTION`."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from kaja.networks.kit.connector import Connector
from kaja.networks.kit.content import Draft, Outgoing, Part
from kaja.networks.kit.facts import Facts
from tests.conformance.server import Handler, Reply, Request

KEY = "0190a6c1b2c34d5e8f90a1b2c3d4e5f6"


@dataclass(frozen=True)
class World:
    """One account on a small copy of the network, or on a real local server behind `handler`."""

    handler: Handler
    facts: Facts
    credentials: Mapping[str, str]
    foreign: str
    """The address of a post that stands there and that somebody else wrote."""
    say: Callable[[str, str], Awaitable[str]] | None = None
    """Somebody says something that comes in a stream, and its id; None where the copy has no audience."""


@dataclass(frozen=True)
class Invalid:
    """A draft that `check` refuses, and where."""

    draft: Draft
    field: str
    code: str


@dataclass(frozen=True)
class Description:
    """How to examine one connector."""

    connector: Connector
    open_world: Callable[[], AbstractAsyncContextManager[World]]
    facts: Facts
    """For the pure rules."""
    publishes: Callable[[Request], bool]
    """Whether a call is the one that may not be repeated."""
    refusal: Reply
    """The network's own way of refusing a post's content."""
    invalid: tuple[Invalid, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    """What every post of the network needs."""
    server_error_is_final: bool = False

    def make_draft(self, text: str, **fields: Any) -> Draft:
        return Draft(**{"parts": (Part(text),), "options": self.options, **fields})

    def make_outgoing(self, text: str = "Hello from the suite", **fields: Any) -> Outgoing:
        basis = {"kind": "post", "key": KEY, "created_at": datetime.now(UTC), "options": self.options}
        return Outgoing(text=text, **{**basis, **fields})
