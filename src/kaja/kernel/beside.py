"""Django's ORM from an event loop, now and then: in a thread whose connection is given back at once."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from django.db import connection

from kaja.kernel.loops import is_lost_database

T = TypeVar("T")
PATIENCE = 600.0
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0


async def run_beside(work: Callable[[], T]) -> T:
    """Run database work beside the loop."""

    def whole() -> T:
        try:
            return work()
        finally:
            connection.close()

    return await asyncio.to_thread(whole)


async def run_surely_beside(work: Callable[[], T]) -> T:
    """The same for what nobody could get again: while the database is away, or has ended the work for another's sake,
    it is done anew, for ten minutes."""
    loop, pause = asyncio.get_running_loop(), FIRST_PAUSE
    end = loop.time() + PATIENCE
    while True:
        try:
            return await run_beside(work)
        except Exception as error:
            if not is_lost_database(error) or loop.time() > end:
                raise
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)
