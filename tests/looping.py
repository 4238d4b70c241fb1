"""What a worker runs, beside the test: in a thread and an event loop of its own, stopped as SIGTERM stops it."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar


class Runs(Protocol):
    """A loop of the worker."""

    async def run(self) -> None: ...

    def stop(self) -> None: ...


R = TypeVar("R", bound=Runs)


@contextmanager
def running(make: Callable[[], R]) -> Iterator[R]:
    """What `make` gives, running. An error that ends it fails the test."""
    made: list[tuple[R, asyncio.AbstractEventLoop]] = []
    ready = threading.Event()
    failures: list[BaseException] = []

    async def work() -> None:
        runs = make()
        made.append((runs, asyncio.get_running_loop()))
        ready.set()
        await runs.run()

    def whole() -> None:
        try:
            asyncio.run(work())
        except BaseException as error:  # noqa: BLE001 - told to the test below
            failures.append(error)
            ready.set()

    thread = threading.Thread(target=whole)
    thread.start()
    assert ready.wait(60)
    if not made:
        raise failures[0]
    runs, loop = made[0]
    try:
        yield runs
    finally:
        if thread.is_alive():
            loop.call_soon_threadsafe(runs.stop)
        thread.join(60)
        assert not thread.is_alive()
        assert not failures, failures
