"""Connections to networks, shared by everything that runs in one event loop under one egress policy.

An origin's idle connections are a stack: what a call costs does not grow with the connections that are open. Why this
is not a library's: docs/decisions/0020-an-http-client-of-our-own.md.
"""

import asyncio
import os
import re
import ssl
import time
from collections import deque
from functools import cache
from typing import IO

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit.egress import AnswerLost, Egress, NotSent
from kaja.networks.kit.proxies import Proxies, connect_through
from kaja.networks.kit.received import FileFailed
from kaja.networks.kit.wire import Answer, Request, Streamed, TooLarge, Wire, WireError, connect, may_send

__all__ = ["Pool", "may_send"]

CONNECT_SECONDS = 10.0
IDLE_SECONDS = 20.0
IRREVERSIBLE_IDLE_SECONDS = 3.0
"""A call that must not be repeated avoids a connection that the server may just be closing."""
CLOSING_SECONDS = 1.0
"""Before the end of the time that a server says it keeps a connection, it counts as over."""
NAME_SECONDS = 2.0
"""How long a name is looked up that a proxy will look up again."""
PER_ORIGIN = 512
ADDRESSES_TRIED = 4
_Key = tuple[str, str, int]  # scheme, host, port
_KEPT_FOR = re.compile(r"\btimeout\s*=\s*(\d{1,6})", re.IGNORECASE)


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
        self._proxies = Proxies()
        self._tls = _tls_context(os.environ.get("SSL_CERT_FILE", ""), os.environ.get("SSL_CERT_DIR", ""))
        self._idle: dict[_Key, deque[Wire]] = {}
        self._room: dict[_Key, asyncio.Semaphore] = {}

    async def exchange(
        self,
        request: Request,
        *,
        seconds: float,
        max_bytes: int,
        irreversible: bool,
        into: IO[bytes] | None = None,
    ) -> Answer:
        """Send and read the whole answer, a successful one into a file if one is given. Raises HostRefused, NotSent,
        AnswerLost, or the file's OSError; never tries twice."""
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
                    wire = self._take(key, irreversible) or await self._connect(request)
                    wire.written = False
                    answer = await wire.exchange(
                        data,
                        max_bytes,
                        head_only=request.method == "HEAD",
                        last=request.is_last(),
                        streamed=request.body if isinstance(request.body, Streamed) else None,
                        into=into,
                    )
                    return answer
        except TooLarge:
            raise AnswerLost(_too_large(request.host)) from None
        except FileFailed as failed:
            raise failed.error from None
        except (TimeoutError, _TlsFailed, WireError, OSError) as error:
            raise _lost(error, request.host, wire is not None and wire.written) from error
        finally:
            if wire is not None:
                if answer is not None and wire.usable:
                    self._give_back(key, wire, answer.headers.get("keep-alive"))
                else:
                    wire.abort()

    async def _connect(self, request: Request) -> Wire:
        host = request.host
        proxy = self._proxies.choose(request.scheme, host, request.port)
        if proxy is None:
            wire = await self._connect_directly(host, request.port)
        else:
            await self._check_name(host, request.port)
            wire = await connect_through(proxy, host, request.port, CONNECT_SECONDS)
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

    async def _connect_directly(self, host: str, port: int) -> Wire:
        """Connect to addresses that the egress policy has just checked, one after the other."""
        try:
            addresses = await self.egress.addresses(host, port)
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
            return await connect(addresses[:ADDRESSES_TRIED], port, CONNECT_SECONDS)
        except (OSError, TimeoutError) as error:
            raise NotSent(_unreachable(host)) from error

    async def _check_name(self, host: str, port: int) -> None:
        """What can be known of a name that a proxy resolves: where it leads from here. Raises HostRefused."""
        try:
            async with asyncio.timeout(NAME_SECONDS):
                await self.egress.addresses(host, port)
        except (OSError, TimeoutError):
            pass  # only the proxy knows it

    def _take(self, key: _Key, irreversible: bool) -> Wire | None:
        """An idle connection that is surely still open, as far as that can be known."""
        idle = self._idle.get(key)
        now = time.monotonic()
        while idle:
            wire = idle.pop()
            longest = min(wire.kept_for, IRREVERSIBLE_IDLE_SECONDS) if irreversible else wire.kept_for
            if now - wire.idle_since <= longest and wire.usable and not (irreversible and not wire.silent):
                return wire
            wire.abort()
        return None

    def _give_back(self, key: _Key, wire: Wire, promise: str | None) -> None:
        """`promise` is the server's `Keep-Alive`: how long it waits for the next request before it goes."""
        wire.kept_for = IDLE_SECONDS
        if promise is not None and (told := _KEPT_FOR.search(promise)):
            wire.kept_for = min(IDLE_SECONDS, int(told[1]) - CLOSING_SECONDS)
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
