"""One HTTP/1.1 connection: a request goes out in one write, the answer comes in through a parser written in C.

Almost everything a connector sends and gets back is small, and goes out and comes in whole. That is what makes it
cheap: 0.05 ms of CPU per exchange, against 0.19 ms for a general client (benchmarks/calls.py). Files are sent and
received in pieces, as fast as they are taken.
"""

import asyncio
import re
import select
import ssl
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import IO, cast

import httptools

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit.egress import NotSent
from kaja.networks.kit.received import Received, TooLarge, WireError, unpack

__all__ = ["Answer", "FileBody", "Request", "Streamed", "TooLarge", "Wire", "WireError", "connect", "may_send"]

HEAD_BYTES = 131_072
"""The longest head of an answer; and what is not content may be at most seven times as much as the content."""
REFUSAL_BYTES = 4 * 1024 * 1024
"""The longest content of an answer that is not the file that was asked for."""
PIECE = 256 * 1024
may_send: ContextVar[Callable[[], bool] | None] = ContextVar("may_send", default=None)
"""Asked right before the first byte of a request is written, however long connecting took: the caller's last word."""
_METHOD = re.compile(r"[A-Z]+")
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f]")
_FORBIDDEN_IN_TARGET = re.compile(r"[^\x21-\x7e]")


@dataclass(frozen=True, slots=True)
class FileBody:
    """A file, or `size` bytes of it from `offset` on, sent in pieces: never more of it in memory than the network has
    room for."""

    open: Callable[[], IO[bytes]]
    size: int
    offset: int = 0

    def __len__(self) -> int:
        return self.size


@dataclass(frozen=True, slots=True)
class Streamed:
    """A body with files in it, and what stands around them."""

    parts: tuple[bytes | FileBody, ...]

    def __len__(self) -> int:
        return sum(len(part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Request:
    """A whole request. `target` is path and query, in ASCII."""

    method: str
    scheme: str
    host: str
    port: int
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | Streamed = b""

    def is_last(self) -> bool:
        """Whether it asks to close the connection after the answer; a server may then close without a word."""
        for name, value in self.headers:
            if len(name) == len("connection") and name.lower() == "connection" and value.lower() == "close":
                return True
        return False

    def render(self) -> bytes:
        """What goes over the wire; of a streamed body nothing yet.

        Raises WireError for anything that would be read as something else there.
        """
        if not _METHOD.fullmatch(self.method) or not self.target or _FORBIDDEN_IN_TARGET.search(self.target):
            raise WireError("the request cannot be written")
        lines = [f"{self.method} {self.target} HTTP/1.1"]
        for name, value in self.headers:
            if not _is_name(name) or _FORBIDDEN.search(value):
                raise WireError("a header cannot be written")
            lines.append(f"{name}: {value}")
        head = "\r\n".join((*lines, "\r\n")).encode()
        return head if isinstance(self.body, Streamed) else head + self.body


@lru_cache(maxsize=1024)
def _is_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


@dataclass(slots=True)
class Answer:
    """What came back: status, headers with lower-case names, and the whole decoded body."""

    status: int
    headers: dict[str, str]
    body: bytes


class Wire(asyncio.Protocol):
    """One connection, used for one exchange after the other."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._waiting: asyncio.Future[Answer] | None = None
        self._limit = self._received = self._size = 0
        self._headed = False
        self._headers: dict[str, str] = {}
        self._chunks: list[bytes] = []
        self._store: Received | None = None
        self._head_only = False
        self._usable = True
        self._writable = asyncio.Event()
        self._writable.set()
        self.written = False
        self.idle_since = self.kept_for = 0.0
        self._poll: select.poll | None = None

    @property
    def usable(self) -> bool:
        """Whether another exchange may follow."""
        return self._usable and self._transport is not None and not self._transport.is_closing()

    @property
    def silent(self) -> bool:
        """Whether nothing lies in the socket that is not read yet: a server's goodbye may be there before we hear of
        it."""
        assert self._transport is not None
        if self._poll is None:
            # One for as long as the connection lasts: its socket stays the same, and `usable` is asked before.
            self._poll = select.poll()
            socket = self._transport.get_extra_info("socket")
            self._poll.register(socket.fileno(), select.POLLIN | select.POLLERR | select.POLLHUP)
        return not self._poll.poll(0)

    async def start_tls(self, context: ssl.SSLContext, host: str, seconds: float) -> None:
        """Speak TLS from now on. Raises OSError when it does not come about."""
        assert self._transport is not None
        self._transport = await asyncio.get_running_loop().start_tls(
            self._transport, self, context, server_hostname=host, ssl_handshake_timeout=seconds
        )
        if self._transport is None:
            raise ConnectionResetError("closed during the handshake")

    async def exchange(
        self,
        data: bytes,
        max_bytes: int,
        *,
        head_only: bool = False,
        last: bool = False,
        streamed: Streamed | None = None,
        into: IO[bytes] | None = None,
    ) -> Answer:
        """Send a rendered request, then `streamed`; read the whole answer. With `into`, the content of a 2xx goes into
        that file instead. Raises NotSent, WireError, TooLarge."""
        if not self.usable or self._transport is None:
            raise WireError("the connection is closed")
        if (allowed := may_send.get()) is not None and not allowed():
            raise NotSent(
                Problem(
                    "held_back", gettext_noop("The call was held back, because its time had run out before it began.")
                )
            )
        self._waiting = asyncio.get_running_loop().create_future()
        self._limit, self._received, self._head_only = max_bytes, 0, head_only
        self._store = None if into is None else Received(into, max_bytes, self._transport)
        self._forget()
        self.written = True
        self._transport.write(data)
        try:
            if streamed is not None:
                await self._send(streamed, self._waiting)
            if self._store is not None:
                await self._store.keep(self._waiting)
        except BaseException:
            self._waiting.cancel()  # nobody waits for the answer any more
            raise
        answer = await self._waiting
        self._usable = self._usable and not last
        if "content-encoding" in answer.headers:
            answer.body = unpack(answer.headers["content-encoding"], answer.body, max_bytes)
        return answer

    async def _send(self, streamed: Streamed, answered: "asyncio.Future[Answer]") -> None:
        """The body in pieces. A server that answers before the end has seen enough."""
        for part in streamed.parts:
            if isinstance(part, FileBody):
                await self._send_file(part, answered)
            elif not await self._write(part, answered):
                return

    async def _send_file(self, body: FileBody, answered: "asyncio.Future[Answer]") -> None:
        left = body.size
        file = await asyncio.to_thread(body.open)
        try:
            if body.offset:
                await asyncio.to_thread(file.seek, body.offset)
            while left:
                piece = await asyncio.to_thread(file.read, min(PIECE, left))
                if not piece:
                    raise WireError("the file is shorter than it was said to be")
                left -= len(piece)
                if not await self._write(piece, answered):
                    return
        finally:
            await asyncio.to_thread(file.close)

    async def _write(self, piece: bytes, answered: "asyncio.Future[Answer]") -> bool:
        """Write when there is room; False when an answer came first."""
        assert self._transport is not None
        waiting = asyncio.ensure_future(self._writable.wait())
        try:
            await asyncio.wait((waiting, answered), return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if answered.done():
            self._usable = False
            return False
        self._transport.write(piece)
        return True

    def abort(self) -> None:
        """End it at once, whatever is still under way."""
        self._usable = False
        if self._transport is not None:
            self._transport.abort()

    def close(self) -> None:
        """End an idle connection politely."""
        self._usable = False
        if self._transport is not None:
            self._transport.close()

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports behave like asyncio's without being of the class.
        self._transport = cast(asyncio.Transport, transport)

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        if self._waiting is None or self._waiting.done():
            self._usable = False  # nobody asked: what would come next is not the answer to what is asked next
            return
        self._received += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(WireError(str(error)))
        if self._received > HEAD_BYTES + (8 * self._limit if self._headed else 0):
            self._fail(TooLarge())

    def connection_lost(self, error: Exception | None) -> None:
        until_end = self._headed and not {"content-length", "transfer-encoding"} & self._headers.keys()
        if error is None and until_end:
            self._complete()
        self._fail(WireError("the connection was closed"))

    # The parser's side

    def on_message_begin(self) -> None:
        if self._waiting is None or self._waiting.done():
            self._usable = False
        self._forget()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._headed:
            return  # behind the content: nothing that anybody asked for
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        self._headers[key] = f"{self._headers[key]}, {text}" if key in self._headers else text

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        self._headed = status >= 200
        if self._headed and self._store is not None:
            if status < 300:
                self._store.begin(self._headers.get("content-encoding", ""))
            else:
                self._store, self._limit = None, min(self._limit, REFUSAL_BYTES)
        if self._headed and self._head_only:
            self._usable = False  # the parser now waits for a body that does not come
            self._complete()

    def on_body(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > self._limit:
            self._fail(TooLarge())
        elif self._store is not None:
            self._store.add(chunk)
        else:
            self._chunks.append(chunk)

    def on_message_complete(self) -> None:
        if not self._headed:
            return  # 100 or 103: the answer is still to come
        self._usable = self._usable and self._parser.should_keep_alive()
        self._complete()

    def _forget(self) -> None:
        self._headed, self._headers, self._chunks, self._size = False, {}, [], 0

    def _complete(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(Answer(self._parser.get_status_code(), self._headers, b"".join(self._chunks)))

    def _fail(self, error: Exception) -> None:
        self._usable = False
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error)


async def connect(addresses: Iterable[str], port: int, seconds: float) -> Wire:
    """Connect to the first address that answers. Raises OSError or TimeoutError for the last one."""
    last: Exception = OSError("no address")
    for address in addresses:
        try:
            async with asyncio.timeout(seconds):
                _, wire = await asyncio.get_running_loop().create_connection(Wire, address, port)
        except (OSError, TimeoutError) as error:
            last = error
            continue
        return wire
    raise last
