"""A server of Mastodon's kind, and a front before it that can be told to send everybody elsewhere."""

import asyncio
import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from kaja.channels.credentials import write_credentials
from kaja.channels.models import Channel
from kaja.channels.sessions import render_facts
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Workspace
from tests.conformance.server import serving
from tests.networks.mastodon.server import FACTS, TOKEN, MastodonServer


class Front(ThreadingHTTPServer):
    """Passes calls on to `behind`; with `moved` set, answers every one with that status and the new address. The answer
    of the next call of the path `losing` is lost."""

    daemon_threads = True

    def __init__(self, behind: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind = behind
        self.moved = 0
        self.losing, self.lost = "", 0
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Front

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.server.moved:
            self.send_response(self.server.moved)
            self.send_header("Location", self.server.behind + self.path)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        parts = urlsplit(self.server.behind)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=120)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
        connection.request(self.command, self.path, body or None, headers)
        told = connection.getresponse()
        content = told.read()
        if self.path == self.server.losing:
            self.server.losing = ""
            self.server.lost += 1
            self.close_connection = True
            return
        self.send_response(told.status)
        for name, value in told.getheaders():
            if name.lower() not in ("content-length", "connection", "transfer-encoding", "server", "date"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        connection.close()

    do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815


@contextmanager
def front_of(behind: str) -> Iterator[Front]:
    front = Front(behind)
    thread = threading.Thread(target=front.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield front
    finally:
        front.shutdown()
        thread.join(120)
        front.server_close()


@contextmanager
def mastodon_at_work() -> Iterator[tuple[MastodonServer, str]]:
    """The server, in a loop of its own beside the test, and its address."""
    server, loop = MastodonServer(), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    running = serving(server.handle)
    try:
        _, url = asyncio.run_coroutine_threadsafe(running.__aenter__(), loop).result(120)
        yield server, url
        asyncio.run_coroutine_threadsafe(running.__aexit__(None, None, None), loop).result(120)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(120)
        loop.close()


def connect_mastodon(workspace: Workspace, base_url: str) -> Channel:
    """A channel of the server's account."""
    with workspace_scope(workspace.id):
        channel = Channel(
            network="mastodon",
            account_id=FACTS.account_id,
            base_url=base_url,
            name=FACTS.name,
            handle=FACTS.handle,
            facts=render_facts(FACTS),
        )
        channel.save()
        channel.grant = write_credentials(channel.id, {"access_token": TOKEN, "scope": "read write"})
    return channel
