"""A network that stands in memory: a list with pages, newest first, and threads. A test says what it does wrong."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from kaja.networks.kit.facts import Facts
from kaja.networks.kit.http import Session
from kaja.networks.kit.outcome import Failure
from kaja.networks.kit.reading import (
    Again,
    AgainResult,
    Author,
    Cursor,
    Incoming,
    PastResult,
    ReadResult,
    ThreadPage,
    ThreadResult,
)
from kaja.networks.kit.walks import CursorExpired, Listed, Walk

MARI = Author("mari")


@dataclass
class Invented:
    """Its clock is its own. What is written appears in the list at once, or `hidden` until a test says otherwise."""

    clock: datetime = datetime(2031, 3, 1, 12, tzinfo=UTC)
    page: int = 3
    late: timedelta = timedelta(seconds=30)
    items: dict[str, Incoming] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    forgets_cursors: bool = False
    ignores_cursors: bool = False
    failure: Failure | None = None
    asked: list[str] = field(default_factory=list)
    """Every cursor and id that it was asked for."""
    streams: tuple[str, ...] = ("comments",)
    at_once: int = 2
    before_page: Callable[[], None] = lambda: None

    def write(self, *names: str, post: str = "post", **fields: object) -> None:
        """Somebody comments, a second after the one before."""
        for name in names:
            self.clock += timedelta(seconds=1)
            item = Incoming(name, "comment", MARI, self.clock, f"Says {name}", thread=name, publication=post)
            self.items[name] = replace(item, **fields)  # type: ignore[arg-type]

    def wait(self, **how: float) -> None:
        self.clock += timedelta(**how)

    def listed(self) -> list[str]:
        """The newest first."""
        newest_first = sorted(self.items, key=lambda each: self.items[each].at, reverse=True)
        return [name for name in newest_first if name not in self.hidden]

    async def _fetch(self, cursor: str) -> Listed[str]:
        self.asked.append(cursor)
        self.before_page()
        if cursor and self.forgets_cursors:
            raise CursorExpired
        listed = self.listed()
        place = listed.index(cursor) + 1 if cursor in listed and not self.ignores_cursors else 0
        page = listed[place : place + self.page]
        return Listed(page, page[-1] if len(listed) > place + self.page or self.ignores_cursors else "", self.clock)

    async def _parse(self, name: str) -> Incoming:
        if name in self.broken:
            raise KeyError(name)
        return self.items[name]

    @property
    def walk(self) -> Walk[str]:
        return Walk(self._fetch, lambda name: self.items[name].at, str, self._parse, self.late, 60.0)

    async def read(self, stream: str, cursor: Cursor, facts: Facts, session: Session) -> ReadResult:
        return self.failure or await self.walk.read(cursor)

    async def read_before(self, stream: str, cursor: Cursor, facts: Facts, session: Session) -> PastResult:
        return self.failure or await self.walk.read_before(cursor)

    async def read_thread(self, post: str, cursor: Cursor, facts: Facts, session: Session) -> ThreadResult:
        if self.failure:
            return self.failure
        self.asked.append(f"thread {post}")
        below = [name for name in self.listed() if self.items[name].publication == post]
        at = int(cursor.get("at", 0))
        page = tuple(self.items[name] for name in below[at : at + self.page])
        more = len(below) > at + self.page
        return ThreadPage(page, {"at": at + self.page} if more else None)

    async def read_again(self, ids: tuple[str, ...], facts: Facts, session: Session) -> AgainResult:
        if self.failure:
            return self.failure
        self.asked += ids
        there = tuple(self.items[name] for name in ids if name in self.items and name not in self.broken)
        return Again(there, frozenset(name for name in ids if name not in self.items))
