"""What many open pages show alike is drawn once for all of them, and reaches them with the live news.

A hundred pages that each asked what a changed row looks like would ask a hundred times for the same words. A page whose
stream names a feed and a view of it (`?feed=inbox&view=...`) is sent what changed in that view instead. What is drawn
was read after the change was committed, so the last that a page is sent is never older than the last change.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from django.http import HttpRequest

from kaja.kernel.connections import release_connections
from kaja.kernel.loops import keep_running
from kaja.workspaces.models import Member

TOGETHER_SECONDS = 0.03
"""What changes within this time is drawn together."""
MOST = 50
"""Things that are drawn for one view at once; a page that is told of more looks at everything again."""
DRAWN = "drawn"
Queue = asyncio.Queue[str]
"""What one open page is still to be told."""


class Feed(Protocol):
    """A list that pages follow. `topic`: of the live news that change it."""

    topic: str

    def find_view(self, request: HttpRequest, member: Member, given: str) -> Hashable:
        """What `given` (a query string) asks for: equal for all pages that show the same to their people."""
        ...

    def draw(self, view: Hashable, ids: Collection[UUID]) -> str:
        """HTML of those of `ids` that the view shows. Called outside of any scope, in a thread of its own."""
        ...


FEEDS: dict[str, Feed] = {}
"""By the name in the stream's address; filled beside the addresses, in `urls.py`."""


@dataclass(frozen=True)
class Followed:
    """What a page follows. `given` is sent back, so that a page which has changed its view meanwhile knows."""

    feed: str
    view: Hashable
    given: str


@dataclass(frozen=True)
class _Group:
    workspace: str
    followed: Followed


def find_followed(request: HttpRequest, member: Member) -> Followed | None:
    """What the stream's address asks for; None where it names no feed."""
    name, given = request.GET.get("feed", ""), request.GET.get("view", "")[:2000]
    feed = FEEDS.get(name)
    return Followed(name, feed.find_view(request, member, given), given) if feed else None


class Drawings:
    """The followers of one process, and the task that draws for them while there are any. `send` puts text into a
    follower's queue."""

    def __init__(self, send: Callable[[Queue, str], None]) -> None:
        self._send = send
        self._groups: dict[_Group, set[Queue]] = defaultdict(set)
        self._changed: dict[_Group, set[UUID]] = defaultdict(set)
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def follow(self, workspace: str, followed: Followed, queue: Queue) -> None:
        """Send to `queue` what of the view is drawn anew."""
        self._groups[_Group(workspace, followed)].add(queue)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(keep_running("live drawings", self._work, longest=10.0))

    def leave(self, queue: Queue) -> None:
        """Forget a follower; the last one stops the drawing."""
        for group in [group for group, queues in self._groups.items() if queue in queues]:
            self._groups[group].discard(queue)
            if not self._groups[group]:
                del self._groups[group]
                self._changed.pop(group, None)
        if not self._groups and self._task is not None:
            self._task.cancel()
            self._task = None

    def note(self, workspace: str, topic: str, changed: str | None) -> None:
        """Something of `topic` changed; who follows it is sent it drawn, soon."""
        if changed is None:
            return  # everything did: pages look again by themselves
        for group in self._groups:
            if group.workspace == workspace and FEEDS[group.followed.feed].topic == topic:
                self._changed[group].add(UUID(changed))
                self._news.set()

    async def _work(self) -> None:
        while True:
            await self._news.wait()
            await asyncio.sleep(TOGETHER_SECONDS)
            self._news.clear()
            changed, self._changed = self._changed, defaultdict(set)
            errors = []
            for group, ids in changed.items():
                if len(ids) > MOST:
                    continue
                try:
                    await self._draw(group, sorted(ids))
                except Exception as error:  # noqa: BLE001 - pages ask by themselves what they are not sent
                    errors.append(error)
            if errors:  # goes on to the rule for loops, once the others have theirs
                raise errors[0]

    async def _draw(self, group: _Group, ids: list[UUID]) -> None:
        followed = group.followed
        html = await asyncio.to_thread(_draw, FEEDS[followed.feed], followed.view, ids)
        text = json.dumps({"topic": DRAWN, "view": followed.given, "ids": [str(each) for each in ids], "html": html})
        for queue in list(self._groups.get(group, ())):
            self._send(queue, text)


def _draw(feed: Feed, view: Hashable, ids: Collection[UUID]) -> str:
    try:
        return feed.draw(view, ids)
    finally:
        release_connections()
