"""What the audience does, for programs that follow an account: its comments in order, and hooks that say so."""

import asyncio
import contextlib
import hmac
import http.client
import json
import logging
import secrets
import time
from typing import Any
from urllib.parse import urlsplit

from kaja.practice.guard import Guard
from kaja.practice.http import Refusal, Request, Response, Routes, answer
from kaja.practice.network import Network
from kaja.practice.state import Account, Comment, iso

log = logging.getLogger(__name__)
COMMENTS = "comments"
MAX_PAGE = 100
MOST_WAITING = 1000
TRIES = 4
SECONDS = 10.0


class Hooks:
    """Tells one address what happened, signed with Kaja's key; a few times, then not at all. Nobody waits for it."""

    def __init__(self, key: str, url: str = "") -> None:
        self.url = url
        self._key = key.encode()
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue(MOST_WAITING)
        self._sender: asyncio.Task[None] | None = None

    def tell(self, account: Account, stream: str) -> None:
        """Something is new in a stream of an account."""
        if not self.url:
            return
        # The id makes each body its own: who was told twice can see it.
        event = {"account": account.id, "stream": stream, "at": iso(time.time())}
        body = json.dumps({"id": secrets.token_hex(16), "events": [event]}).encode()
        with contextlib.suppress(asyncio.QueueFull):
            self._waiting.put_nowait(body)
        if self._sender is None:
            self._sender = asyncio.get_running_loop().create_task(self._send())

    async def _send(self) -> None:
        while True:
            body = await self._waiting.get()
            for tried in range(TRIES):
                if await asyncio.to_thread(self._post, body):
                    break
                await asyncio.sleep(0.5 * 2.0**tried)

    def _post(self, body: bytes) -> bool:
        parts = urlsplit(self.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        signature = "sha256=" + hmac.new(self._key, body, "sha256").hexdigest()
        headers = {"Content-Type": "application/json", "X-Practice-Signature": signature}
        try:
            connection = kind(parts.hostname or "", parts.port, timeout=SECONDS)
            with contextlib.closing(connection):
                connection.request("POST", parts.path or "/", body, headers)
                return connection.getresponse().status < 300
        except (OSError, http.client.HTTPException) as error:
            log.info("a hook was not taken: %s", type(error).__name__)
            return False


class Audience:
    """Handlers for whoever follows an account."""

    def __init__(self, network: Network, guard: Guard, hooks: Hooks) -> None:
        self.network = network
        self.guard = guard
        self.hooks = hooks
        network.on_comment = self._tell

    def add_to(self, routes: Routes) -> None:
        routes.add("GET", "/api/v1/account/comments", self.list_comments)
        routes.add("PUT", "/admin/hook", self.put_hook)

    def _tell(self, comment: Comment) -> None:
        post = self.network.store.posts[comment.post]
        self.hooks.tell(self.network.store.accounts[post.account], COMMENTS)

    async def list_comments(self, request: Request) -> Response:
        """Comments below the account's posts, the oldest first, late ones missing; `after` (an id) and `limit` page."""
        account = self.network.get_account(request)
        try:
            after, limit = int(request.query.get("after") or 0), int(request.query.get("limit", "40"))
        except ValueError:
            raise Refusal(400, "bad_page", "`limit` and `after` must be whole numbers.") from None
        limit = max(1, min(limit, MAX_PAGE))
        return await self.network.call(
            request, account, "read", request.path, lambda _: self._answer(request, account, after, limit)
        )

    def _answer(self, request: Request, account: Account, after: int, limit: int) -> Response:
        now = time.time()
        found = sorted(
            (c for post in account.posts if not post.deleted for c in post.comments
             if int(c.id) > after and c.listed <= now),
            key=lambda comment: int(comment.id),
        )  # fmt: skip
        shown: list[dict[str, Any]] = [self.network.show_comment(request, c) for c in found[:limit]]
        return answer({"comments": shown, "more": len(found) > limit, "as_of": iso(now)})

    async def put_hook(self, request: Request) -> Response:
        """`{"url": ...}`: where hooks go from now on; empty for nowhere."""
        self.guard.require_key(request)
        url = str(request.json().get("url") or "")
        if url and urlsplit(url).scheme not in ("http", "https"):
            raise Refusal(422, "bad_url", "A hook goes to an address of http or https.", "url")
        self.hooks.url = url
        return answer({"url": url})
