"""Kaja's web server as it really runs, in a thread of the test, with few connections to the database."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import uvicorn
from django.db import connections
from django.db.backends.postgresql.base import DatabaseWrapper
from django.test import Client

from kaja.cli.web import server_options
from kaja.config.asgi import application
from tests.waiting import wait_until


@dataclass
class Served:
    """The server's address, and raw lines to it."""

    port: int

    def open(
        self, client: Client | None, path: str, *, method: str = "GET", headers: str = "", body: bytes = b""
    ) -> socket.socket:
        """Ask, and leave the answer unread."""
        line = socket.create_connection(("127.0.0.1", self.port), timeout=120)
        cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items()) if client else ""
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookies}\r\n{headers}\r\n"
        line.sendall(head.encode() + body)
        return line

    def ask(self, client: Client | None, path: str, **more: Any) -> tuple[int, bytes]:
        """Ask, and read the whole answer: status and everything behind the first line."""
        with self.open(client, path, **{**more, "headers": "Connection: close\r\n" + more.get("headers", "")}) as line:
            whole = b""
            with contextlib.suppress(ConnectionResetError):
                while block := line.recv(65536):
                    whole += block
        return status_of(whole), whole


def status_of(answer: bytes) -> int:
    assert answer.startswith(b"HTTP/1.1 "), f"no answer: {answer[:60]!r}"
    return int(answer[9:12])


def read_until(line: socket.socket, words: bytes) -> bytes:
    """What comes up to and with these words."""
    seen = b""
    while words not in seen:
        block = line.recv(4096)
        assert block, f"ended after {seen[-200:]!r}"
        seen += block
    return seen


@contextlib.contextmanager
def pooled(size: int) -> Iterator[None]:
    """Every thread takes its connection from one pool of `size`, as in `kaja web`."""
    settings = connections.settings["default"]
    before = settings["CONN_MAX_AGE"]
    connections.close_all()
    settings["OPTIONS"]["pool"] = {"min_size": 0, "max_size": size, "timeout": 5}
    settings["CONN_MAX_AGE"] = 0
    try:
        yield
    finally:
        connections.close_all()
        wrapper = connections["default"]
        assert isinstance(wrapper, DatabaseWrapper)
        wrapper.close_pool()
        del settings["OPTIONS"]["pool"]
        settings["CONN_MAX_AGE"] = before


@contextlib.contextmanager
def serve(pool: int = 2) -> Iterator[Served]:
    """Run the server until the block ends."""
    with pooled(pool), socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(application, **{**server_options(), "timeout_graceful_shutdown": 1}))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            wait_until(lambda: server.started)
            yield Served(listener.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join(120)
            assert not thread.is_alive()
