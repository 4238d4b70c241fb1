"""Django's ORM from an event loop, now and then: in a thread whose connection is given back at once."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from django.db import connection

T = TypeVar("T")


async def beside(work: Callable[[], T]) -> T:
    """Run database work beside the loop."""

    def whole() -> T:
        try:
            return work()
        finally:
            connection.close()

    return await asyncio.to_thread(whole)
