"""Waiting for what is outside (networks, mail servers, a slow upload): never inside a transaction, and never with a
connection of the pool, of which a process has a few.

Whatever waits calls `leave_database` before; `check_waiting` is asked again at each call over the network. A wait
inside a transaction is a mistake of the code: the tests fail at it (`strict`), in production it is logged and goes on.
"""

import asyncio
import logging
import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

log = logging.getLogger(__name__)


class WaitsWithDatabase(RuntimeError):
    """Something outside is waited for while a transaction is open or a pooled connection is held."""


strict = False
"""Whether such a wait is an error; set by the tests."""
_here = threading.local()
found: list[str] = []
"""What was found while `strict`, also where somebody caught the error."""


def leave_database() -> None:
    """Give the pooled connections of this thread back: what follows waits for something outside."""
    for connection in connections.all(initialized_only=True):
        if connection.connection is not None and _is_pooled(connection) and not connection.in_atomic_block:
            connection.close()
    check_waiting()


def keep_without_database() -> None:
    """Called in an event loop that opens no connection, because Django itself refuses to there: as long as it runs, its
    thread is not asked at each of thousands of calls."""
    if not os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE"):
        _here.loop = asyncio.get_running_loop()


def check_waiting() -> None:
    """Find fault with a wait that is about to begin in this thread."""
    loop = getattr(_here, "loop", None)
    if loop is not None and loop.is_running():
        return
    for connection in connections.all(initialized_only=True):
        if connection.connection is None:
            continue
        if _is_in_transaction(connection):
            _fault("something outside is waited for inside a transaction")
        elif _is_pooled(connection):
            _fault("something outside is waited for with a connection of the pool")


def _is_pooled(connection: BaseDatabaseWrapper) -> bool:
    return bool(connection.settings_dict["OPTIONS"].get("pool"))


def _is_in_transaction(connection: BaseDatabaseWrapper) -> bool:
    # Django's own mark on the transaction that it wraps around a test.
    return any(not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks)


def _fault(what: str) -> None:
    if strict:
        found.append(what)
        raise WaitsWithDatabase(what)
    log.error(what, stack_info=True)


class TooManyWait(Exception):
    """As many as may are waiting for something outside already."""


_waiting: Counter[str] = Counter()
_lock = threading.Lock()


@contextmanager
def take_waiting_place(places: dict[str, int]) -> Iterator[None]:
    """Count this wait in each of `places` (a name, and how many may wait there at once in this process).

    Raises TooManyWait when one of them is full: threads are for people who do not wait.
    """
    with _lock:
        if any(_waiting[name] >= most for name, most in places.items()):
            raise TooManyWait
        _waiting.update(places.keys())
    try:
        yield
    finally:
        with _lock:
            _waiting.subtract(places.keys())
            for name in places:
                if not _waiting[name]:
                    del _waiting[name]
