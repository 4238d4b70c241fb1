"""Open pages follow the workspace: one LISTEN connection per process, fanned out to every open page as SSE.

The one asynchronous file of the web: an open page costs a queue here and no thread. A page learns only that something
of a topic changed; what it may see it fetches through the ordinary views.
"""

import asyncio
import json
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import psycopg
from asgiref.sync import sync_to_async
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.views.decorators.http import require_safe

from kaja.kernel.loops import keep_running
from kaja.kernel.signals import LIVE
from kaja.workspaces.models import User
from kaja.workspaces.queries import get_membership

QUEUE_LENGTH = 100
HEARTBEAT_SECONDS = 20.0
# A page reconnects by itself; then it is asked again whether the person still belongs to the workspace.
LONGEST_SECONDS = 300.0
REMEMBERED = 1000
"""Events that a page which comes to listen late can still be told."""
EVERYTHING = json.dumps({"topic": "*", "id": None})


class Hub:
    """The subscribers of one process, and the task that listens for them while there are any."""

    def __init__(self) -> None:
        self._pages: dict[str, set[asyncio.Queue[str]]] = defaultdict(set)
        self._listener: asyncio.Task[None] | None = None
        self.listening = asyncio.Event()
        # What was heard last, and when; and since when everything was heard (seconds since 1970).
        self._heard: deque[tuple[float, str, str]] = deque(maxlen=REMEMBERED)
        self._heard_since = 0.0

    def subscribe(self, workspace_id: UUID, asked_at: float | None = None) -> asyncio.Queue[str]:
        """A queue of JSON events of one workspace. Give it back with `unsubscribe`.

        `asked_at`: when the page was asked for, in seconds since 1970. What happened between that moment and this one
        is told at once; a page is often read, and a post sent, before it listens.
        """
        queue: asyncio.Queue[str] = asyncio.Queue(QUEUE_LENGTH)
        self._pages[str(workspace_id)].add(queue)
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

    def unsubscribe(self, workspace_id: UUID, queue: asyncio.Queue[str]) -> None:
        """Forget a page; the last one stops the listener."""
        pages = self._pages[str(workspace_id)]
        pages.discard(queue)
        if not pages:
            del self._pages[str(workspace_id)]
        if not self._pages and self._listener is not None:
            self._listener.cancel()
            self._listener = None
            self.listening.clear()

    def publish(self, payload: str) -> None:
        """Hand one NOTIFY payload (see `kernel.signals.notify_live`) to the pages of its workspace."""
        event = json.loads(payload)
        text = json.dumps({"topic": event["topic"], "id": event["id"]})
        self._heard.append((time.time(), event["workspace"], text))
        for queue in self._pages.get(event["workspace"], ()):
            _put(queue, text)

    async def _listen(self) -> None:
        await keep_running("live updates", self._hear, longest=10.0)

    async def _hear(self) -> None:
        async with await psycopg.AsyncConnection.connect(**_address(), autocommit=True, connect_timeout=10) as listener:
            await listener.execute(f"LISTEN {LIVE}")
            # Whatever happened before we listened has to be looked at again.
            for queue in [queue for pages in self._pages.values() for queue in pages]:
                _put(queue, EVERYTHING)
            self._heard.clear()
            self._heard_since = time.time()
            self.listening.set()
            try:
                async for notification in listener.notifies():
                    self.publish(notification.payload)
            except Exception:
                self.listening.clear()
                raise


def _put(queue: asyncio.Queue[str], text: str) -> None:
    """A page that does not keep up is told to look at everything, instead of being told less."""
    if queue.full():
        while not queue.empty():
            queue.get_nowait()
        text = EVERYTHING
    queue.put_nowait(text)


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
    workspace_id: UUID, asked_at: float | None = None, *, longest: float = LONGEST_SECONDS
) -> AsyncIterator[str]:
    """Server-sent events of one workspace until the page goes away or `longest` seconds are over."""
    here = hub()
    queue = here.subscribe(workspace_id, asked_at)
    ends = asyncio.get_running_loop().time() + longest
    try:
        yield "retry: 2000\n\n"
        while (left := ends - asyncio.get_running_loop().time()) > 0:
            try:
                text = await asyncio.wait_for(queue.get(), min(HEARTBEAT_SECONDS, left))
                yield f"event: change\ndata: {text}\n\n"
            except TimeoutError:
                yield ": still here\n\n"
    finally:
        here.unsubscribe(workspace_id, queue)


def _find_workspace(request: HttpRequest, slug: str) -> UUID | None:
    """The workspace's id, or None for people who are not signed in. 404 for people who do not belong."""
    user = request.user
    if not isinstance(user, User) or not user.is_authenticated:
        return None
    member = get_membership(user, slug)
    if member is None:
        raise Http404
    return member.workspace_id


@require_safe
async def live(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The stream of one open page."""
    workspace_id = await sync_to_async(_find_workspace)(request, slug)
    if workspace_id is None:
        return HttpResponse(status=401)
    try:
        asked_at = float(request.GET.get("since", ""))
    except ValueError:
        asked_at = None
    response = StreamingHttpResponse(stream(workspace_id, asked_at), content_type="text/event-stream")
    response["Cache-Control"] = "no-cache, no-transform"
    response["X-Accel-Buffering"] = "no"  # nginx would hold events back
    return response
