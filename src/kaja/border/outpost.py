"""The process on the other side of the border: takes one call at a time, within its limits, and ends when idle.

It is started with an empty environment, so no key or password of the installation stands in its memory.
"""

import contextlib
import importlib
import os
import resource
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from kaja.border import wire
from kaja.border.reasons import Declined

IDLE = 20.0
"""Seconds without a call after which it ends. The parent gives up on an idle one earlier (`pool.FRESH`)."""
LARGEST_AT_REST = 150 * 1024 * 1024
"""An outpost that has kept more than this after a call (in bytes) ends; the next one begins small."""


def main(number: int) -> None:
    """Serve the parent over the socket with this number until it goes away."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # it has nothing to write
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    with contextlib.suppress(OSError):
        os.nice(5)  # people who wait for a page go first
        Path("/proc/self/oom_score_adj").write_text("900")  # when memory ends, this is what is given up
    sock = socket.socket(fileno=number)
    while True:
        sock.settimeout(IDLE)
        try:
            call = wire.receive(sock, sys.maxsize)
        except (wire.Broken, TimeoutError):
            return
        sock.settimeout(None)
        module, name, seconds, memory = call["module"], call["name"], call["seconds"], call["memory"]
        function: Any = importlib.import_module(module)
        for part in name.split("."):
            function = getattr(function, part)
        wire.send(sock, {"ready": True})
        answer, again = _run(function, call["arguments"], seconds, memory)
        stays = again and _resident() <= LARGEST_AT_REST
        with contextlib.suppress(BrokenPipeError):
            # The parent must know before it gives the next call to one that is on its way out.
            wire.send(sock, {**answer, "stays": stays})
        if not stays:
            return


def _run(function: Any, arguments: tuple[Any, ...], seconds: float, memory: int) -> tuple[dict[str, Any], bool]:
    """The answer, and whether this process is still fit for another call."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _limit(resource.RLIMIT_CPU, int(usage.ru_utime + usage.ru_stime + seconds) + 1)
    _limit(resource.RLIMIT_AS, _virtual() + memory)
    # Also when the parent was killed meanwhile and nobody watches the clock.
    signal.setitimer(signal.ITIMER_REAL, 10 * seconds + 60)
    try:
        return {"value": function(*arguments)}, True
    except Declined as declined:
        return {"declined": declined.reason, "facts": declined.facts}, True
    except MemoryError:
        return {"trouble": "memory", "detail": ""}, False
    except Exception as error:  # noqa: BLE001 a decoder may raise anything; that is what this process is for
        return {"trouble": "error", "detail": f"{type(error).__name__}: {error}"[:300]}, True
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        _limit(resource.RLIMIT_AS, resource.RLIM_INFINITY)
        for argument in arguments:
            if hasattr(argument, "close"):
                argument.close()


def _limit(what: int, soft: int) -> None:
    hard = resource.getrlimit(what)[1]
    if hard != resource.RLIM_INFINITY and (soft == resource.RLIM_INFINITY or soft > hard):
        soft = hard  # the operator's own limit is lower
    with contextlib.suppress(ValueError, OSError):  # a system that does not know this limit still has the clock
        resource.setrlimit(what, (soft, hard))


def _pages(column: int) -> int:
    try:
        return int(Path("/proc/self/statm").read_text().split()[column]) * resource.getpagesize()
    except OSError:  # not Linux: what is there at rest is guessed
        return 400 * 1024 * 1024 if column == 0 else 0


def _virtual() -> int:
    return _pages(0)


def _resident() -> int:
    return _pages(1)
