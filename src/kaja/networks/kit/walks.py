"""Reading a list that a network gives newest first: what is new, up to where everything was read, and what was before.

Most networks list so, and page by a cursor. What is new is read from the top down to a mark, which is a time of the
network's own; the mark moves only when a walk has reached it, to a moment before which nothing can begin to be listed
any more. A walk may take many looks, and workers may die between them: the mark stands where it was.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from kaja.networks.kit.answers import parse_time
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.guards import reading
from kaja.networks.kit.http import Session
from kaja.networks.kit.reading import Cursor, Incoming, Page, Past, Reaction, Reactions

T = TypeVar("T")

_RESTARTS = 3
"""How often what was before is read from the top again, because a network no longer knew where it was."""


class CursorExpired(Exception):
    """The network does not know the cursor of a page any more."""


@dataclass(frozen=True)
class Listed(Generic[T]):
    """A page of the list; all of it may be hidden from the account. `more`: the cursor of the next, empty at the end;
    `as_of`: the network's own time."""

    entries: Sequence[T]
    more: str
    as_of: datetime


async def parse_each(
    entries: Sequence[T], parse: Callable[[T], Awaitable[Incoming | None]]
) -> tuple[tuple[Incoming, ...], int]:
    """What can be read of them, and the number of those that cannot. None: it is none of ours to read."""
    items, unread = [], 0
    for entry in entries:
        try:
            item = await parse(entry)
        except (LookupError, TypeError, ValueError, AttributeError):
            unread += 1
        else:
            items += [] if item is None else [item]
    return tuple(items), unread


def parse_reactions(entries: Sequence[T], parse: Callable[[T], Reaction | None]) -> tuple[tuple[Reaction, ...], int]:
    """The same of what was done without a word."""
    found: list[Reaction] = []
    unread = 0
    for entry in entries:
        try:
            reaction = parse(entry)
        except (LookupError, TypeError, ValueError, AttributeError):
            unread += 1
        else:
            found += [] if reaction is None else [reaction]
    return tuple(found), unread


def _parse_none(_entry: Any) -> None:
    """A list of words alone."""


@dataclass(frozen=True)
class Walk(Generic[T]):
    """How one list is read. `fetch` gets the cursor of a page, empty for the first; it raises CursorExpired."""

    fetch: Callable[[str], Awaitable[Listed[T]]]
    at: Callable[[T], datetime | None]
    """By which the list is in order; None where an entry does not say."""
    id_of: Callable[[T], str]
    """To see that a page has come again: a server that takes no cursors. Empty where that is known not to be."""
    parse: Callable[[T], Awaitable[Incoming | None]]
    late: timedelta
    """How long after its time something may begin to be listed."""
    again_after: float
    parse_reaction: Callable[[T], Reaction | None] = _parse_none

    async def read(self, cursor: Cursor) -> Page:
        """The next piece of what is new. The first is the newest page."""
        mark = parse_time(cursor.get("settled"))
        try:
            listed = await self.fetch(str(cursor.get("next") or ""))
        except CursorExpired:
            if not cursor.get("next"):
                raise
            return Page((), {"settled": cursor.get("settled")}, 0.0)  # from the top again, to the same mark
        items, unread = await parse_each(listed.entries, self.parse)
        reactions, strange = parse_reactions(listed.entries, self.parse_reaction)
        return replace(self._go_on(listed, cursor, mark, items, unread + strange), reactions=reactions)

    def _go_on(
        self, listed: Listed[T], cursor: Cursor, mark: datetime | None, items: tuple[Incoming, ...], unread: int
    ) -> Page:
        begun = parse_time(cursor.get("begun")) or listed.as_of
        times = [moment for entry in listed.entries if (moment := self.at(entry)) is not None]
        settled = begun - self.late
        if mark is None:
            return self._begin(listed, items, unread, settled, times)
        stuck = self._is_stuck(listed, cursor)
        if not stuck and listed.more and (not times or times[-1] >= mark):
            on = {"settled": mark.isoformat(), "begun": begun.isoformat()}
            return Page(items, on | self._onward(listed), 0.0, mark, unread=unread)
        if stuck and times and times[-1] > mark:
            # The server ignores cursors, and has more that is new than one page holds: what lies between is lost.
            return self._begin(Listed(listed.entries, "", listed.as_of), items, unread, settled, times)
        settled = max(mark, settled)
        # Of a walk of several looks nobody remembers how new its newest was.
        pause = self._pause([begun] if "begun" in cursor else times, settled)
        return Page(items, {"settled": settled.isoformat()}, pause, settled, unread=unread)

    def _begin(
        self, listed: Listed[T], items: tuple[Incoming, ...], unread: int, settled: datetime, times: list[datetime]
    ) -> Page:
        reaches_back = times[-1] if times else settled
        before = self._onward(listed) if listed.more else None
        until, pause = max(settled, reaches_back), self._pause(times, settled)
        return Page(items, {"settled": settled.isoformat()}, pause, until, reaches_back, before, unread=unread)

    def _pause(self, times: list[datetime], settled: datetime) -> float:
        """Where something is so new that others may yet come before it, the next look is sooner."""
        soon = any(moment > settled for moment in times)
        return min(self.late.total_seconds(), self.again_after) if soon else self.again_after

    def _onward(self, listed: Listed[T]) -> dict[str, Any]:
        return {"next": listed.more, "first": self.id_of(listed.entries[0]) if listed.entries else ""}

    def _is_stuck(self, listed: Listed[T], cursor: Cursor) -> bool:
        """Whether the server gave the page before once more: it takes no cursors."""
        first = cursor.get("first")
        return bool(first and listed.entries and cursor.get("next") and first == self.id_of(listed.entries[0]))

    async def read_before(self, cursor: Cursor) -> Past:
        """The next piece of what was there before, from the cursor of `Page.before`."""
        reached = parse_time(cursor.get("reached"))
        try:
            listed = await self.fetch(str(cursor.get("next") or ""))
        except CursorExpired:
            again = int(cursor.get("restarts") or 0) + 1
            return Past((), {"restarts": again} if again <= _RESTARTS else None, reached)
        if self._is_stuck(listed, cursor):
            return Past((), None, reached)
        items, unread = await parse_each(listed.entries, self.parse)
        reactions, strange = parse_reactions(listed.entries, self.parse_reaction)
        unread += strange
        times = [moment for entry in listed.entries if (moment := self.at(entry)) is not None]
        reached = min([*times, *([reached] if reached else [])], default=None)
        if not listed.more:
            return Past(items, None, reached, unread, reactions)
        on = {"reached": reached.isoformat() if reached else None, "restarts": cursor.get("restarts") or 0}
        return Past(items, self._onward(listed) | on, reached, unread, reactions)


@dataclass(frozen=True)
class ListReader:
    """`reader` and `history` of a network whose streams are lists that are newest first."""

    streams: tuple[str, ...]
    open_walk: Callable[[str, Facts, Session], Walk[Any]]
    reactions: Reactions | None = None

    @reading
    async def read(self, stream: str, cursor: Cursor, facts: Facts, session: Session) -> Page:
        return await self.open_walk(stream, facts, session).read(cursor)

    @reading
    async def read_before(self, stream: str, cursor: Cursor, facts: Facts, session: Session) -> Past:
        return await self.open_walk(stream, facts, session).read_before(cursor)
