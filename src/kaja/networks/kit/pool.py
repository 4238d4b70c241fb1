"""Connections to networks, shared by everything that runs in one event loop under one egress policy.

httpx2's own pool walks over every connection for every request: at 400 connections 4.3 ms of CPU per request were
measured. Here an origin's idle connections are a stack.
"""

import asyncio
import os
import ssl
import time
from collections import deque
from functools import cache

from kaja.networks.kit.egress import AnswerLost, Egress, NotSent
from kaja.networks.kit.problems import Problem, gettext_noop
from kaja.networks.kit.wire import Answer, Request, Streamed, TooLarge, Wire, WireError, connect, may_send

__all__ = ["Pool", "may_send"]

CONNECT_SECONDS = 10.0
IDLE_SECONDS = 20.0
IRREVERSIBLE_IDLE_SECONDS = 3.0
"""A call that must not be repeated avoids a connection that the server may just be closing."""
PER_ORIGIN = 512
ADDRESSES_TRIED = 4
_Key = tuple[str, str, int]  # scheme, host, port


@cache
def _tls_context(file: str, folder: str) -> ssl.SSLContext:
    """One for the process and these settings of OpenSSL, which finds them by itself: reading the system's certificates
    takes a twentieth of a second each time."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


class _TlsFailed(Exception):
    pass


class Pool:
    """Idle connections by origin, newest first, and a bound on how many one origin may have."""

    def __init__(self, egress: Egress) -> None:
        self.egress = egress
        self._tls = _tls_context(os.environ.get("SSL_CERT_FILE", ""), os.environ.get("SSL_CERT_DIR", ""))
        self._idle: dict[_Key, deque[Wire]] = {}
        self._room: dict[_Key, asyncio.Semaphore] = {}

    async def exchange(self, request: Request, *, seconds: float, max_bytes: int, irreversible: bool) -> Answer:
        """Send and read the whole answer. Raises HostRefused, NotSent or AnswerLost; never tries twice."""
        key = (request.scheme, request.host, request.port)
        room = self._room.get(key)
        if room is None:
            room = self._room[key] = asyncio.Semaphore(PER_ORIGIN)
        wire: Wire | None = None
        answer: Answer | None = None
        try:
            async with asyncio.timeout(seconds):
                data = request.render()
                async with room:
                    longest = IRREVERSIBLE_IDLE_SECONDS if irreversible else IDLE_SECONDS
                    wire = self._take(key, longest) or await self._connect(request)
                    wire.written = False
                    answer = await wire.exchange(
                        data,
                        max_bytes,
                        head_only=request.method == "HEAD",
                        last=request.is_last(),
                        streamed=request.body if isinstance(request.body, Streamed) else None,
                    )
                    return answer
        except TooLarge:
            raise AnswerLost(_too_large(request.host)) from None
        except (TimeoutError, _TlsFailed, WireError, OSError) as error:
            raise _lost(error, request.host, wire is not None and wire.written) from error
        finally:
            if wire is not None:
                if answer is not None and wire.usable:
                    self._give_back(key, wire)
                else:
                    wire.abort()

    async def _connect(self, request: Request) -> Wire:
        """Connect to addresses that the egress policy has just checked, one after the other."""
        host = request.host
        try:
            addresses = await self.egress.addresses(host, request.port)
        except OSError as error:
            raise NotSent(
                Problem(
                    "host_not_found",
                    gettext_noop("The server %(host)s was not found."),
                    fix=gettext_noop("Check how the address is written."),
                    params={"host": host},
                )
            ) from error
        try:
            wire = await connect(addresses[:ADDRESSES_TRIED], request.port, CONNECT_SECONDS)
        except (OSError, TimeoutError) as error:
            raise NotSent(_unreachable(host)) from error
        if request.scheme == "https":
            try:
                await wire.start_tls(self._tls, host, CONNECT_SECONDS)
            except OSError as error:  # SSLError is one
                wire.abort()
                raise _TlsFailed from error
            except BaseException:
                wire.abort()
                raise
        return wire

    def _take(self, key: _Key, idle_seconds: float) -> Wire | None:
        idle = self._idle.get(key)
        now = time.monotonic()
        while idle:
            wire = idle.pop()
            if now - wire.idle_since <= idle_seconds and wire.usable:
                return wire
            wire.abort()
        return None

    def _give_back(self, key: _Key, wire: Wire) -> None:
        now = wire.idle_since = time.monotonic()
        idle = self._idle.setdefault(key, deque())
        idle.append(wire)
        while now - idle[0].idle_since > IDLE_SECONDS:
            idle.popleft().abort()

    async def aclose(self) -> None:
        """Close every idle connection."""
        for idle in self._idle.values():
            while idle:
                idle.pop().close()
        self._idle.clear()


def _too_large(host: str) -> Problem:
    return Problem(
        "answer_too_large",
        gettext_noop("The answer of %(host)s is larger than Kaja reads."),
        params={"host": host},
    )


def _lost(error: Exception, host: str, written: bool) -> NotSent | AnswerLost:
    """Which kind of failure it was: what matters is whether a byte may have arrived."""
    params = {"host": host}
    if written:
        if isinstance(error, TimeoutError):
            message = gettext_noop("%(host)s took the request and did not answer in time.")
            return AnswerLost(Problem("answer_timeout", message, params=params))
        message = gettext_noop("The connection to %(host)s broke before its answer was complete.")
        return AnswerLost(Problem("answer_broken", message, params=params))
    if isinstance(error, _TlsFailed):
        return NotSent(
            Problem(
                "host_tls",
                gettext_noop("No safe connection to %(host)s: its certificate or encryption was not accepted."),
                fix=gettext_noop("Check the address, and the server's certificate."),
                params=params,
            )
        )
    if isinstance(error, TimeoutError):
        return NotSent(
            Problem("host_busy", gettext_noop("No connection to %(host)s could be made in time."), params=params)
        )
    return NotSent(_unreachable(host))


def _unreachable(host: str) -> Problem:
    return Problem(
        "host_unreachable",
        gettext_noop("The server %(host)s does not accept connections at the moment."),
        fix=gettext_noop("Kaja tries again. If it stays like this, check whether the server is up."),
        params={"host": host},
    )
