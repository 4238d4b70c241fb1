"""Django's ORM from the worker's event loop: in a thread of its own, rarely."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

import psycopg
from django.db import InterfaceError, OperationalError, close_old_connections, connection

P = ParamSpec("P")
T = TypeVar("T")
_THREADS = 4
PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0)
"""Seconds between the tries while the database is lost."""
_pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="kaja-orm")


def _guarded(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    close_old_connections()
    try:
        return work(*args, **kwargs)
    except (OperationalError, InterfaceError, psycopg.OperationalError):
        connection.close()
        raise


async def in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run blocking database work beside the loop. A lost database is tried again for a while."""
    for pause in PAUSES:
        try:
            return await asyncio.get_running_loop().run_in_executor(_pool, lambda: _guarded(work, *args, **kwargs))
        except (OperationalError, InterfaceError):
            await asyncio.sleep(pause)
    return await asyncio.get_running_loop().run_in_executor(_pool, lambda: _guarded(work, *args, **kwargs))


def close_connections() -> None:
    """Give the threads' database connections back."""
    barrier = threading.Barrier(_THREADS)

    def close() -> None:
        barrier.wait(5)
        connection.close()

    for each in [_pool.submit(close) for _ in range(_THREADS)]:
        each.result(10)
