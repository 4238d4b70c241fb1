"""Open pages follow the workspace: one LISTEN connection per process, fanned out to every open page as SSE.

An open page costs a queue here and no thread. A page learns only that something of a topic changed; what it may see it
fetches through the ordinary views, or is sent when it follows a feed (`feeds.py`). A stream ends when its person signs
out, is removed, or the session is ended: the database says so at once (`kernel.signals.ACCESS`), and all are asked
about again every minute.
"""

import asyncio
import json
import random
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Collection
from contextlib import suppress
from typing import Any
from uuid import UUID

import psycopg
from asgiref.sync import sync_to_async
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.views.decorators.http import require_safe

from kaja.kernel.connections import release_connections
from kaja.kernel.loops import keep_running
from kaja.kernel.sessions import name_of
from kaja.kernel.signals import ACCESS, LIVE
from kaja.web.feeds import Drawings, Followed, Queue, find_followed
from kaja.workspaces.models import User
from kaja.workspaces.queries import get_membership
from kaja.workspaces.visits import Visit, list_ended

QUEUE_LENGTH = 100
HEARTBEAT_SECONDS = 20.0
# A page reconnects by itself, and then looks at everything anew.
LONGEST_SECONDS = 4 * 3600.0
ASKED_AGAIN_SECONDS = 60.0
REMEMBERED = 1000
"""Events that a page which comes to listen late can still be told."""
EVERYTHING = json.dumps({"topic": "*", "id": None})
EVERYBODY = "*"
CROWD = 10
"""Open pages of a process from which on each is told how many they are, to take its time with what does not hurry."""
END = ""
"""In a page's queue: the stream is over."""


class Hub:
    """The subscribers of one process, and the task that listens for them while there are any."""

    def __init__(self) -> None:
        self._pages: dict[str, set[Queue]] = defaultdict(set)
        self._visits: dict[Queue, Visit] = {}
        self._listener: asyncio.Task[None] | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._suspected: set[str] = set()  # people and sessions, see ACCESS
        self._suspicion = asyncio.Event()
        self._drawings = Drawings(_put)
        self.listening = asyncio.Event()
        # What was heard last, and when; and since when everything was heard (seconds since 1970).
        self._heard: deque[tuple[float, str, str]] = deque(maxlen=REMEMBERED)
        self._heard_since = 0.0

    def subscribe(
        self,
        workspace_id: UUID,
        asked_at: float | None = None,
        visit: Visit | None = None,
        followed: Followed | None = None,
    ) -> Queue:
        """A queue of JSON events of one workspace. Give it back with `unsubscribe`.

        `visit`: who listens; once they may not any more, the queue says END. `asked_at`: when the page was asked for,
        in seconds since 1970. What happened between that moment and this one is told at once; a page is often read,
        and a post sent, before it listens.
        """
        queue: Queue = asyncio.Queue(QUEUE_LENGTH)
        self._pages[str(workspace_id)].add(queue)
        if visit is not None:
            self._visits[queue] = visit
        if followed is not None:
            self._drawings.follow(str(workspace_id), followed, queue)
        if self._watcher is None or self._watcher.done():
            self._watcher = asyncio.create_task(self._watch(), name="kaja-live-visits")
        if self._listener is None or self._listener.done():
            self._listener = asyncio.create_task(self._listen(), name="kaja-live")
        elif self.listening.is_set() and asked_at is not None:
            for text in self._heard_after(str(workspace_id), asked_at):
                _put(queue, text)
        return queue

    def _heard_after(self, workspace: str, asked_at: float) -> list[str]:
        full = len(self._heard) == REMEMBERED
        if asked_at < self._heard_since or (full and asked_at < self._heard[0][0]):
            return [EVERYTHING]
        return [text for at, whose, text in self._heard if at >= asked_at and whose == workspace]

    def unsubscribe(self, workspace_id: UUID, queue: Queue) -> None:
        """Forget a page; the last one stops the listener."""
        pages = self._pages[str(workspace_id)]
        pages.discard(queue)
        self._visits.pop(queue, None)
        self._drawings.leave(queue)
        if not pages:
            del self._pages[str(workspace_id)]
        if not self._pages:
            for task in (self._listener, self._watcher):
                if task is not None:
                    task.cancel()
            self._listener = self._watcher = None
            self.listening.clear()

    def publish(self, payload: str) -> None:
        """Hand one NOTIFY payload (see `kernel.signals.notify_live`) to the pages of its workspace."""
        event = json.loads(payload)
        told = {name: event[name] for name in ("topic", "id", "said") if name in event}
        if "said" not in event:  # what is said along is over within seconds
            self._heard.append((time.time(), event["workspace"], json.dumps(told)))
            self._drawings.note(event["workspace"], event["topic"], event["id"])
        if (pages := sum(map(len, self._pages.values()))) >= CROWD:
            told["pages"] = pages
        text = json.dumps(told)
        for queue in self._pages.get(event["workspace"], ()):
            _put(queue, text)

    def suspect(self, whom: str) -> None:
        """Ask again about a person or a session (see `kernel.signals.ACCESS`)."""
        self._suspected.add(whom)
        self._suspicion.set()

    async def _watch(self) -> None:
        await keep_running("live visits", self._ask_again, longest=10.0)

    async def _ask_again(self) -> None:
        """End the streams of those who are not let in any more: when somebody is suspected, and all every minute."""
        self.suspect(EVERYBODY)
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(ASKED_AGAIN_SECONDS):
                    await self._suspicion.wait()
            suspected, self._suspected = self._suspected or {EVERYBODY}, set()
            self._suspicion.clear()
            visits = {
                visit
                for visit in self._visits.values()
                if not suspected.isdisjoint((EVERYBODY, visit.session_key, str(visit.user_id)))
            }
            ended = await asyncio.to_thread(_find_ended, visits) if visits else set()
            for queue in [queue for queue, visit in self._visits.items() if visit in ended]:
                _empty(queue)
                queue.put_nowait(END)
            if visits:
                await asyncio.sleep(0.2)  # many who leave at once are one question

    async def _listen(self) -> None:
        await keep_running("live updates", self._hear, longest=10.0)

    async def _hear(self) -> None:
        async with await psycopg.AsyncConnection.connect(**_address(), autocommit=True, connect_timeout=10) as listener:
            await listener.execute(f"LISTEN {LIVE}; LISTEN {ACCESS}")
            self.suspect(EVERYBODY)
            # Whatever happened before we listened has to be looked at again.
            for queue in [queue for pages in self._pages.values() for queue in pages]:
                _put(queue, EVERYTHING)
            self._heard.clear()
            self._heard_since = time.time()
            self.listening.set()
            try:
                async for notification in listener.notifies():
                    if notification.channel == ACCESS:
                        self.suspect(notification.payload)
                    else:
                        self.publish(notification.payload)
            except Exception:  # whatever it was goes on to the rule for loops; nobody is heard meanwhile
                self.listening.clear()
                raise


def _put(queue: Queue, text: str) -> None:
    """A page that does not keep up is told to look at everything, instead of being told less."""
    if queue.full():
        text = END if END in _empty(queue) else EVERYTHING
    queue.put_nowait(text)


def _empty(queue: Queue) -> list[str]:
    return [queue.get_nowait() for _ in range(queue.qsize())]


def _find_ended(visits: Collection[Visit]) -> set[Visit]:
    try:
        return list_ended(visits)
    finally:
        release_connections()


def _address() -> dict[str, Any]:
    """How Django reaches the database, for a connection of our own outside its pool."""
    params = connection.get_connection_params()
    keep = ("dbname", "user", "password", "host", "port", "sslmode", "sslrootcert", "options")
    return {name: params[name] for name in keep if params.get(name)}


_hubs: dict[asyncio.AbstractEventLoop, Hub] = {}


def hub() -> Hub:
    """The hub of the running event loop."""
    loop = asyncio.get_running_loop()
    for old in [other for other in _hubs if other.is_closed()]:
        del _hubs[old]
    return _hubs.setdefault(loop, Hub())


async def stream(
    workspace_id: UUID,
    asked_at: float | None = None,
    visit: Visit | None = None,
    followed: Followed | None = None,
    *,
    longest: float = LONGEST_SECONDS,
) -> AsyncIterator[str]:
    """Server-sent events of one workspace until page or person goes away or `longest` seconds are over."""
    here = hub()
    queue = here.subscribe(workspace_id, asked_at, visit, followed)
    ends = asyncio.get_running_loop().time() + longest
    try:
        # Not all at once: after a restart every open page comes back.
        yield f"retry: {random.randint(2000, 8000)}\n\n"  # noqa: S311 - nothing secret
        while (left := ends - asyncio.get_running_loop().time()) > 0:
            try:
                async with asyncio.timeout(min(HEARTBEAT_SECONDS, left)):
                    text = await queue.get()
            except TimeoutError:
                yield ": still here\n\n"
                continue
            if text == END:
                return
            yield f"event: change\ndata: {text}\n\n"
    finally:
        here.unsubscribe(workspace_id, queue)


def _find_visit(request: HttpRequest, slug: str) -> tuple[Visit, Followed | None] | None:
    """Who asks, for which workspace, and what they follow there; None for people who are not signed in. 404 for people
    who do not belong."""
    user = request.user
    if not isinstance(user, User) or not user.is_authenticated:
        return None
    member = get_membership(user, slug)
    if member is None:
        raise Http404
    visit = Visit(user.pk, member.workspace_id, name_of(request.session.session_key or ""))
    return visit, find_followed(request, member)


@require_safe
async def live(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The stream of one open page."""
    found = await sync_to_async(_find_visit)(request, slug)
    if found is None:
        return HttpResponse(status=401)
    visit, followed = found
    try:
        asked_at = float(request.GET.get("since", ""))
    except ValueError:
        asked_at = None
    news = stream(visit.workspace_id, asked_at, visit, followed)
    response = StreamingHttpResponse(news, content_type="text/event-stream")
    response["Cache-Control"] = "no-cache, no-transform"
    response["X-Accel-Buffering"] = "no"  # nginx would hold events back
    return response
