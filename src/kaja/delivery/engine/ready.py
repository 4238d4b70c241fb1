"""Rows that are ready before their time: read, made and checked some seconds ahead, and not touched.

When their time comes, one statement takes each as it was read and opens its call (`statements.TAKE`). While one is on
its way the channel's next is known already, so it is taken by the very transaction that writes how the one before
ended. What is not as it was read is left to the usual way, and so is all that its channel has ready.
"""

import heapq
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from kaja.delivery.engine.row import Work
from kaja.networks.kit.content import Outgoing
from kaja.networks.kit.http import Session


@dataclass(slots=True)
class Ready:
    """One row with all that its call needs; `stage` is the irreversible one."""

    work: Work
    outgoing: Outgoing
    session: Session
    stage: str

    @property
    def due(self) -> datetime:
        assert self.work.row.next_at is not None
        return self.work.row.next_at


class ReadyRows:
    """What one worker has ready, by channel, in the order in which it goes out. Times are the database's."""

    def __init__(self) -> None:
        self._rows: dict[UUID, deque[Ready]] = {}
        self._heads: list[tuple[datetime, UUID]] = []
        self._taken: set[UUID] = set()
        self.number = 0

    def add(self, ready: Ready) -> None:
        channel = ready.work.row.channel_id
        rows = self._rows.setdefault(channel, deque())
        rows.append(ready)
        self.number += 1
        if len(rows) == 1 and channel not in self._taken:
            heapq.heappush(self._heads, (ready.due, channel))

    def next_due(self) -> datetime | None:
        """When the first of a channel that is free is due."""
        while self._heads:
            due, channel = self._heads[0]
            rows = self._rows.get(channel)
            if rows and rows[0].due == due and channel not in self._taken:
                return due
            heapq.heappop(self._heads)
        return None

    def take_due(self, now: datetime, most: int) -> Iterator[Ready]:
        """The first of each free channel whose time has come; the channel is ours until `give_back`."""
        while most > 0 and (due := self.next_due()) is not None and due <= now:
            most -= 1
            channel = heapq.heappop(self._heads)[1]
            self._taken.add(channel)
            yield self._pop(channel)

    def take_next(self, channel: UUID, now: datetime) -> Ready | None:
        """The next of a channel that is ours, if its time has come."""
        rows = self._rows.get(channel)
        return self._pop(channel) if rows and rows[0].due <= now else None

    def give_back(self, channel: UUID) -> None:
        """Nothing of it is on its way any more."""
        self._taken.discard(channel)
        if rows := self._rows.get(channel):
            heapq.heappush(self._heads, (rows[0].due, channel))

    def drop(self, channel: UUID) -> None:
        """Leave all of it to the usual way."""
        self._taken.discard(channel)
        self.number -= len(self._rows.pop(channel, ()))

    def clear(self) -> None:
        """Leave everything to others."""
        self._rows.clear()
        self._heads.clear()
        self.number = 0

    def list_channels(self, now: datetime) -> list[UUID]:
        """Those that the usual way need not look at: something of them is on its way from here, or is about to be."""
        due = {channel for at, channel in self._heads if at <= now and channel in self._rows}
        return [*self._taken | due]

    def _pop(self, channel: UUID) -> Ready:
        rows = self._rows[channel]
        ready = rows.popleft()
        self.number -= 1
        if not rows:
            del self._rows[channel]
        return ready
