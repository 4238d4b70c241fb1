"""Small copies of what networks list of an audience; tests/realnet has the real ones."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, runtime_checkable

from kaja.networks.kit.facts import Facts
from tests.conformance.server import Handler, Reply, Request


class Audience(Protocol):
    """An account with one post, and people who write below it."""

    facts: Facts
    credentials: Mapping[str, str]
    handler: Handler
    stream: str
    page: int
    """How many things a page of the stream holds."""
    has_replies: bool
    """Whether a visitor may answer a comment here."""

    async def comment(self, text: str, below: str = "") -> str:
        """Somebody comments; gives the id. With `below` they answer a comment."""


@runtime_checkable
class ChangingAudience(Audience, Protocol):
    """One that changes its mind, and whose network can be made to list what nobody can read."""

    async def edit(self, name: str, text: str) -> None: ...
    async def remove(self, name: str) -> None: ...
    async def spoil(self, name: str) -> None:
        """From now on it is listed in a form that nobody can read."""


@runtime_checkable
class ReactingAudience(Audience, Protocol):
    """One that likes, shares, quotes and follows, as far as its network tells of that."""

    post: str

    async def react(self, kind: str, name: str) -> None:
        """A visitor does it to the account's post, or follows the account."""


Open = Callable[[], AbstractAsyncContextManager[Audience]]


class Copy(ABC):
    """A network in memory, with a clock of its own: everything is a second after what was before."""

    page = 100
    has_replies = True
    post = "1"

    def __init__(self) -> None:
        self.clock = datetime(2026, 11, 1, 12, tzinfo=UTC)
        self.things: dict[str, dict[str, Any]] = {}
        self.spoilt: set[str] = set()

    def tick(self) -> datetime:
        self.clock += timedelta(seconds=1)
        return self.clock

    def newest_first(self) -> list[dict[str, Any]]:
        return list(reversed(self.things.values()))

    async def handler(self, request: Request) -> Reply:
        reply = self.answer(request)
        headers = {**reply.headers, "Date": self.clock.strftime("%a, %d %b %Y %H:%M:%S GMT")}
        return Reply(reply.status, reply.body, headers)

    @abstractmethod
    def answer(self, request: Request) -> Reply: ...

    async def remove(self, name: str) -> None:
        del self.things[name]

    async def spoil(self, name: str) -> None:
        self.spoilt.add(name)
