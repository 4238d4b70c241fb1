"""A loopback HTTP server that can do to any call what networks do: refuse, stall behind 429, break, drop the answer."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Request:
    """One call. Header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    target: str = ""
    """Path and query as they came: a name may stand there more than once."""

    def json(self) -> Any:
        return json.loads(self.body or b"null")


@dataclass(frozen=True)
class Reply:
    """An answer; `body` is JSON unless it is bytes."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Request], Awaitable[Reply]]


@dataclass
class Fault:
    """What happens to the calls that `chosen` picks: `reply` instead of the network's, or the connection just ends.

    `accept` says whether the network carried the call out before.
    """

    chosen: Callable[[Request], bool]
    reply: Reply | None = None
    accept: bool = False


class FaultyServer:
    """In front of a network's handler; `fault` spoils calls, `requests` remembers them."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._server: asyncio.Server | None = None
        self.fault: Fault | None = None
        self.requests: list[Request] = []

    async def start(self) -> str:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def stop(self) -> None:
        assert self._server is not None
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Cancelled when the test's event loop ends; the streams module would log that as an error.
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while (request := await _read(reader)) is not None:
                self.requests.append(request)
                reply = await self._answer(request)
                if reply is None:
                    writer.transport.abort()
                    return
                writer.write(_render(reply))
                await writer.drain()
        writer.close()

    async def _answer(self, request: Request) -> Reply | None:
        if self.fault is None or not self.fault.chosen(request):
            return await self._handler(request)
        if self.fault.accept:
            assert (await self._handler(request)).status < 300, "the network accepted the call"
        return self.fault.reply


async def _read(reader: asyncio.StreamReader) -> Request | None:
    head = await reader.readuntil(b"\r\n\r\n") if not reader.at_eof() else b""
    if not head:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines) if name}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    parts = urlsplit(target)
    return Request(method, parts.path, dict(parse_qsl(parts.query, keep_blank_values=True)), headers, body, target)


def _render(reply: Reply) -> bytes:
    body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
    headers = {"Content-Type": "application/json", **reply.headers, "Content-Length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {reply.status} X\r\n{head}\r\n".encode() + body


@contextlib.asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[tuple[FaultyServer, str]]:
    """The server and its address; gone when the block is left."""
    server = FaultyServer(handler)
    url = await server.start()
    try:
        yield server, url
    finally:
        server.stop()
