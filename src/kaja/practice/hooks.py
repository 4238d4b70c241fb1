"""Telling one address what happened: signed, tried a few times, then left to whoever looks by himself."""

import asyncio
import contextlib
import hmac
import http.client
import json
import logging
import secrets
import time
from urllib.parse import urlsplit

from kaja.practice.faults import HOOK
from kaja.practice.network import Network
from kaja.practice.state import REACTIONS, Entry, Sign, iso

log = logging.getLogger(__name__)
MOST_WAITING = 1000
TRIES = 4
SECONDS = 10.0


class Hooks:
    """Tells one address what happened, signed with Kaja's key; a few times, then not at all. Nobody waits for it."""

    def __init__(self, network: Network, key: str, url: str = "") -> None:
        self.network = network
        self.url = url
        self._key = key.encode()
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue(MOST_WAITING)
        self._sender: asyncio.Task[None] | None = None

    def tell(self, entry: Entry) -> None:
        """Something is new in a stream of an account. Nobody is told of those whom it has muted."""
        self._tell(entry.account, entry.stream, f"{entry.id}/{entry.revision}", entry.person or entry.author)

    def tell_sign(self, sign: Sign) -> None:
        """The same of a like, a share or a follower."""
        self._tell(sign.account, REACTIONS, f"{sign.id}/{sign.revision}", sign.who)

    def _tell(self, name: str, stream: str, key: str, who: str) -> None:
        account = self.network.store.accounts[name]
        if not self.url or who in account.muted:
            return
        plan = self.network.faults.plan(account.name, HOOK, f"{stream}/{key}")
        # The id makes each body its own: who was told twice can see it.
        event = {"account": account.id, "stream": stream, "at": iso(time.time())}
        body = json.dumps({"id": secrets.token_hex(16), "events": [event]}).encode()
        loop = asyncio.get_running_loop()
        for _ in range(plan.told):
            if plan.told_after:
                loop.call_later(plan.told_after, self._put, body)
            else:
                self._put(body)
        if self._sender is None:
            self._sender = loop.create_task(self._send())

    def _put(self, body: bytes) -> None:
        with contextlib.suppress(asyncio.QueueFull):
            self._waiting.put_nowait(body)

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
