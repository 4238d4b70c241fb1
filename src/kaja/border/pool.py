"""The few processes of this one: started when there is something to do, gone when there is not."""

import atexit
import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from kaja.border import wire
from kaja.border.reasons import Declined, ForeignTrouble, Kind

OUTPOSTS = min(2, os.cpu_count() or 1)
"""How many run at once in one process of Kaja; further calls wait for their turn."""
WAIT = 120.0
"""Seconds that a call waits for its turn before it is given up."""
FRESH = 10.0
"""Seconds for which an idle outpost is used again; it ends by itself later than that, so it is never lost mid-call."""
START = 60.0
"""Seconds in which an outpost must have imported what it needs, on a machine that has much else to do."""
MOST_ANSWER = 300_000_000

T = TypeVar("T")

_ANSWERS = {"value", "declined", "trouble"}
_PROGRAM = "import sys; sys.path[:] = {path!r}; from kaja.border.outpost import main; main({number})"


class _Outpost:
    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self.socket = ours
        self.idle_since = 0.0
        # Its own session: Ctrl-C on the terminal is for Kaja, which then lets it end. An empty environment: no secrets.
        with theirs:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    *("-I", "-S", "-B", "-X", "utf8"),
                    "-c",
                    _PROGRAM.format(path=sys.path, number=theirs.fileno()),
                ],
                env={"PATH": os.defpath, "LC_ALL": "C.UTF-8", "MALLOC_ARENA_MAX": "2"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        # Takes leave of it whenever it ends, so that no dead process is left standing in the system's list.
        threading.Thread(target=self.process.wait, name="border", daemon=True).start()

    def end(self) -> int:
        """Stop it whatever it does; gives what it ended with."""
        self.socket.close()
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        return self.process.wait()


_lock = threading.Lock()
_free: list[_Outpost] = []
_turns = threading.BoundedSemaphore(OUTPOSTS)


def _take() -> _Outpost:
    with _lock:
        while _free:
            outpost = _free.pop()
            if time.monotonic() - outpost.idle_since < FRESH and outpost.process.returncode is None:
                return outpost
            outpost.end()
    return _Outpost()


def _give_back(outpost: _Outpost) -> None:
    outpost.idle_since = time.monotonic()
    with _lock:
        _free.append(outpost)


def end_outposts() -> None:
    """End all that are idle."""
    with _lock:
        while _free:
            _free.pop().end()


def _forget() -> None:
    """After a fork the outposts belong to the parent."""
    global _lock, _turns
    _free.clear()
    _lock, _turns = threading.Lock(), threading.BoundedSemaphore(OUTPOSTS)


atexit.register(end_outposts)
os.register_at_fork(after_in_child=_forget)


def run_bounded(
    function: Callable[..., T], *arguments: Any, seconds: float = 20.0, memory: int = 1_000_000_000, wait: float = WAIT
) -> T:
    """Run a function that reads something foreign in another process, which may run out, hang or die instead of ours.

    ```python
    def read_feed(data: bytes) -> dict[str, str]: ...      # at the top of a module that is cheap to import

    try:
        found = run_bounded(read_feed, data, seconds=5, memory=200_000_000)
    except Declined as no:                                  # what `read_feed` itself raised: no.reason, no.facts
        ...
    except ForeignTrouble as trouble:                       # trouble.kind: time, memory, crash, error, busy
        ...
    ```

    - `function` is found by its module and name, so it stands at the top of a module; the module is imported in the
      outpost without Django's settings, the database or any environment variable.
    - Arguments and result are None, bool, int, float, str, bytes, Path, and tuples, lists and dicts (keys: str) of
      these. A file that is really open (with `fileno()`) may be an argument: the outpost reads it by position and it
      never moves here. Pass large things so, or as a Path.
    - `seconds` bounds its processor time; four times as long may pass on the clock, since others use the machine, too.
    - `memory` (bytes) is what it may take beyond what the outpost has at rest.
    - It blocks; call it in a thread from asynchronous code. `OUTPOSTS` run at once, others wait at most `wait` seconds.
    """
    if not _turns.acquire(timeout=wait):
        raise ForeignTrouble("busy")
    try:
        return _call(function, arguments, seconds, memory)
    finally:
        _turns.release()


def _call(function: Callable[..., T], arguments: tuple[Any, ...], seconds: float, memory: int) -> T:
    outpost = _take()
    ended_by: Kind | None = None
    try:
        outpost.socket.settimeout(START)
        wire.send(
            outpost.socket,
            {
                "module": function.__module__,
                "name": function.__qualname__,
                "arguments": arguments,
                "seconds": float(seconds),
                "memory": int(memory),
            },
        )
        wire.receive(outpost.socket, 0)
        outpost.socket.settimeout(4 * seconds + 1)
        answer = wire.receive(outpost.socket, MOST_ANSWER)
        if not isinstance(answer, dict) or not _ANSWERS & answer.keys():
            raise wire.Broken("not what was agreed")
    except TimeoutError:
        ended_by = "time"
    except (wire.Broken, ConnectionError):
        # It may take a moment from closing its socket to having ended.
        with contextlib.suppress(subprocess.TimeoutExpired):
            outpost.process.wait(5)
    except BaseException:
        outpost.end()
        raise
    else:
        # An exception leaves an outpost as good as new; the end of memory does not, nor what a large file has left.
        (_give_back if answer["stays"] else _Outpost.end)(outpost)
        if "trouble" in answer:
            raise ForeignTrouble(answer["trouble"], answer["detail"])
        if "declined" in answer:
            raise Declined(answer["declined"], **answer["facts"])
        value: T = answer["value"]
        return value
    code = outpost.end()
    raise ForeignTrouble(ended_by or _kind_of(code), f"ended with {code}")


def _kind_of(code: int) -> Kind:
    if code in (-signal.SIGXCPU, -signal.SIGALRM):
        return "time"
    # Nobody but the kernel kills it when memory ends (`oom_score_adj`).
    return "memory" if code == -signal.SIGKILL else "crash"
