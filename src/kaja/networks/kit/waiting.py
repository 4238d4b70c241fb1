"""Waiting for what a network works on: files that it takes first and looks at later, containers."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from kaja.networks.kit.guards import Failed
from kaja.networks.kit.outcome import still_processing
from kaja.networks.kit.results import Later

T = TypeVar("T")
LATER = 10.0


async def wait_for(
    ask: Callable[[], Awaitable[T | None]], network: str, *, polls: int, seconds: float, later: float = LATER
) -> T:
    """What `ask` gives when the network is done. Raises Failed, with Later when it is not after so many questions."""
    for number in range(polls):
        if number:
            await asyncio.sleep(seconds)
        if (done := await ask()) is not None:
            return done
    raise Failed(Later(later, still_processing(network)))
