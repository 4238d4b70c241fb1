"""What one call to a network costs: Kaja's own HTTP client beside aiohttp, at 400 open connections.

    python -m benchmarks.calls [--calls 4000] [--rounds 5] [--open 400]

A server in another process answers after 0.3 s, as networks do. Both clients make the same calls in one run and one
process, in turns, with the same promises: the address is checked and pinned, a failure says whether a byte was
written, the answer is bounded in size and time, cookies are not kept, nothing is repeated by itself. The processor's
time is that of the client's process alone (getrusage). Four figures for each: the bare client and the whole `Session`
on it, on kept connections and on a new connection for each call. aiohttp comes with requirements/bench.txt.
Ends with 1 when the library costs at most 1.5 times as much, client alone on kept connections: then our own client has
lost its reason (docs/decisions/0020-an-http-client-of-our-own.md).
"""

import argparse
import asyncio
import gc
import os
import platform
import resource
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextvars import ContextVar

import aiohttp
import httptools
import uvloop
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from kaja.kernel.problems import Problem
from kaja.networks.kit import http as session_module
from kaja.networks.kit.egress import AnswerLost, Egress, NotSent, resolve_host
from kaja.networks.kit.http import Session
from kaja.networks.kit.pool import Pool
from kaja.networks.kit.wire import Answer, Request, may_send

ALLOWED = ("127.0.0.1",)
ANSWER_AFTER = 0.3
RATIO_ALLOWED = 1.5
"""What a library may cost more than our own client before it is worth keeping our own."""
BODY = b'{"text":"' + b"a post of some length " * 12 + b'","visibility":"public"}'
ANSWER = b'{"id":"110001","created_at":"2026-11-22T10:00:00Z","url":"http://127.0.0.1/@a/110001","text":"' + (
    b"a post of some length " * 12 + b'"}'
)
WHOLE = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Sun, 22 Nov 2026 10:00:00 GMT\r\n"
    b"X-RateLimit-Limit: 300\r\nX-RateLimit-Remaining: 299\r\nX-RateLimit-Reset: 2026-11-22T10:05:00Z\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(ANSWER), ANSWER)
)


class Served(asyncio.Protocol):
    """One connection of the server: every request gets the same answer, 0.3 s later."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._parser = httptools.HttpRequestParser(self)
        self._last = False

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self._last = not self._parser.should_keep_alive()
        asyncio.get_running_loop().call_later(ANSWER_AFTER, self._answer)

    def _answer(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(WHOLE)  # type: ignore[attr-defined]
            if self._last:
                self._transport.close()


async def serve() -> None:
    listening = socket.create_server(("127.0.0.1", 0), backlog=2048)
    server = await asyncio.get_running_loop().create_server(Served, sock=listening)
    print(listening.getsockname()[1], flush=True)
    await server.serve_forever()


# aiohttp with our promises


class Held(aiohttp.ClientError):
    """The caller's last word was no."""


class Mark:
    """What happened to one call."""

    __slots__ = ("written",)

    def __init__(self) -> None:
        self.written = False


_mark: ContextVar[Mark] = ContextVar("mark")


class MarkedRequest(aiohttp.ClientRequest):
    """Notes, right before the first byte, that it is written; `send` runs once a connection is there."""

    async def send(self, conn: "aiohttp.connector.Connection") -> aiohttp.ClientResponse:
        mark = _mark.get()
        if mark.written or ((allowed := may_send.get()) is not None and not allowed()):
            raise Held
        mark.written = True
        return await super().send(conn)


class PinnedResolver(AbstractResolver):
    def __init__(self, egress: Egress) -> None:
        self._egress = egress

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._egress.addresses(host, port)
        flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=flags,
            )
            for address in found
        ]

    async def close(self) -> None:
        pass


class AiohttpPool:
    """Stands where `Pool` stands, on aiohttp."""

    def __init__(self, egress: Egress, *, fresh: bool) -> None:
        self.egress = egress
        resolver = PinnedResolver(egress)
        self._connector = (
            aiohttp.TCPConnector(limit=0, use_dns_cache=False, resolver=resolver, force_close=True)
            if fresh
            else aiohttp.TCPConnector(limit=0, use_dns_cache=False, resolver=resolver, keepalive_timeout=20)
        )
        self._session = aiohttp.ClientSession(
            connector=self._connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            request_class=MarkedRequest,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            timeout=aiohttp.ClientTimeout(total=None),
        )

    async def exchange(
        self, request: Request, *, seconds: float, max_bytes: int, irreversible: bool, into: None = None
    ) -> Answer:
        mark = Mark()
        _mark.set(mark)
        assert isinstance(request.body, bytes)
        try:
            async with asyncio.timeout(seconds):
                async with self._session.request(
                    request.method,
                    URL(f"{request.scheme}://{request.host}:{request.port}{request.target}", encoded=True),
                    headers=request.headers,
                    data=request.body or None,
                    allow_redirects=False,
                ) as answer:
                    body = await _read(answer, max_bytes)
                    headers: dict[str, str] = {}
                    for name, value in answer.headers.items():
                        key = name.lower()
                        headers[key] = f"{headers[key]}, {value}" if key in headers else value
                    return Answer(answer.status, headers, body)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            problem = Problem("benchmark", str(error))
            raise (AnswerLost if mark.written else NotSent)(problem) from error

    async def aclose(self) -> None:
        await self._session.close()


async def _read(answer: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    pieces, size = [], 0
    async for piece in answer.content.iter_any():
        size += len(piece)
        if size > max_bytes:
            raise AnswerLost(Problem("answer_too_large", ""))
        pieces.append(piece)
    return b"".join(pieces)


# Measuring

Call = Callable[[], Awaitable[None]]


def spent() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def work_off(call: Call, calls: int, at_once: int) -> float:
    """Milliseconds of the processor per call, `at_once` of them under way all the time."""
    left = calls

    async def one_after_another() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await call()

    gc.collect()
    before = spent()
    await asyncio.gather(*(one_after_another() for _ in range(at_once)))
    return (spent() - before) * 1000 / calls


def bare(pool: Pool | AiohttpPool, port: int, headers: tuple[tuple[str, str], ...] = ()) -> Call:
    lines = (
        ("Host", f"127.0.0.1:{port}"),
        ("User-Agent", "Kaja/0.1"),
        ("Accept", "application/json"),
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(BODY))),
        *headers,
    )
    request = Request("POST", "http", "127.0.0.1", port, "/api/v1/statuses", lines, BODY)

    async def call() -> None:
        answer = await pool.exchange(request, seconds=30, max_bytes=4_000_000, irreversible=False)
        assert answer.body == ANSWER

    return call


def whole(pool: Pool | AiohttpPool, port: int, headers: dict[str, str] | None = None) -> Call:
    """As a connector calls: a session for each piece of work, with credentials and evidence."""
    sent = {"Content-Type": "application/json", **(headers or {})}

    async def call() -> None:
        session_module._pool = lambda allowed, resolve: pool  # type: ignore[assignment,return-value]
        session = Session(f"http://127.0.0.1:{port}", {"token": "t0ken-0123456789"}, allow_private=ALLOWED)
        session.use_bearer("t0ken-0123456789")
        answer = await session.request("POST", "/api/v1/statuses", content=BODY, headers=sent)
        assert answer.ok

    return call


async def measure(port: int, calls: int, rounds: int, at_once: int) -> float:
    """How many times as much the library costs, client alone on kept connections: the first of four pairs."""
    egress = Egress(ALLOWED, resolve_host)
    ours, kept, fresh = Pool(egress), AiohttpPool(egress, fresh=False), AiohttpPool(egress, fresh=True)
    close = ("Connection", "close")
    pairs: dict[str, tuple[Call, Call]] = {
        "client alone, kept connections": (bare(ours, port), bare(kept, port)),
        "client alone, a new connection each": (bare(ours, port, (close,)), bare(fresh, port)),
        "whole Session, kept connections": (whole(ours, port), whole(kept, port)),
        "whole Session, a new connection each": (whole(ours, port, dict([close])), whole(fresh, port)),
    }
    ratios = []
    print(f"{'CPU ms per call, median of rounds':38} {'ours':>6} {'aiohttp':>8} {'ratio':>6}  (each round)")
    for name, (one, other) in pairs.items():
        for warm in (one, other):
            await work_off(warm, at_once, at_once)
        spans: tuple[list[float], list[float]] = ([], [])
        for number in range(rounds):
            for place in (0, 1) if number % 2 else (1, 0):
                spans[place].append(await work_off((one, other)[place], calls, at_once))
        ratio = statistics.median(spans[1]) / statistics.median(spans[0])
        each = ", ".join(f"{b / a:.2f}" for a, b in zip(*spans, strict=True))
        print(
            f"{name:38} {statistics.median(spans[0]):6.3f} {statistics.median(spans[1]):8.3f} {ratio:6.2f}  ({each})",
            flush=True,
        )
        ratios.append(ratio)
    for pool in (ours, kept, fresh):
        await pool.aclose()
    return ratios[0]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--open", type=int, default=400)
    parser.add_argument("--serve", action="store_true")
    options = parser.parse_args()
    if options.serve:
        uvloop.run(serve())
        return 0
    command = [sys.executable, "-m", "benchmarks.calls", "--serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline())
            print(
                f"machine: {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
                f"aiohttp {aiohttp.__version__}; {options.open} open, {options.calls} calls a round"
            )
            begun = time.monotonic()
            ratio = uvloop.run(measure(port, options.calls, options.rounds, options.open))
            print(f"{time.monotonic() - begun:.0f} s")
        finally:
            server.kill()
    return int(ratio <= RATIO_ALLOWED)


if __name__ == "__main__":
    sys.exit(main())
