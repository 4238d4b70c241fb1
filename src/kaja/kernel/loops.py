"""One rule for unexpected errors of whatever runs for long: logged, counted, begun again after growing pauses.

No loop of Kaja ends silently. How each fares is kept in a table, so that `kaja doctor` and a page for operators show
the loops of all processes. What an exception says may quote what was worked on; only its kind and place are kept.
"""

import asyncio
import logging
import os
import socket
import time
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from kaja.kernel.models import LoopRecord

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 30.0
LOST_LONGEST = 5.0
"""The longest pause while only the database is away: it is expected back, and then nothing should wait."""
WELL_AFTER = 10.0
"""Seconds without an error after which a loop counts as well."""
TOLD_EVERY = 60.0

_STORE = """
INSERT INTO kernel_looprecord (key, name, host, process, failures, error, failed_at, well_at, updated_at)
VALUES (%(key)s, %(name)s, %(host)s, %(process)s, %(failures)s, %(error)s, %(failed_at)s, %(well_at)s, now())
ON CONFLICT (key) DO UPDATE SET process = EXCLUDED.process, updated_at = now(),
    failures = kernel_looprecord.failures + EXCLUDED.failures,
    error = CASE WHEN EXCLUDED.failures > 0 THEN EXCLUDED.error ELSE kernel_looprecord.error END,
    failed_at = greatest(EXCLUDED.failed_at, kernel_looprecord.failed_at),
    well_at = greatest(EXCLUDED.well_at, kernel_looprecord.well_at)
"""
Row = Mapping[str, Any]
Store = Callable[[Row], None]


def describe_error(error: BaseException) -> str:
    """Kind and place of an error, without its message."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return type(error).__name__
    last = frames[-1]
    ours = next((frame for frame in reversed(frames) if f"{os.sep}kaja{os.sep}" in frame.filename), last)
    place = f"{Path(ours.filename).name}:{ours.lineno} {ours.name}"
    return f"{type(error).__name__} at {place}"[:300]


class EndedUnasked(Exception):
    """What should run until it is told to stop came to its end."""


def store_by_django(row: Row) -> None:
    """Write with a connection that is given back at once. Called in a thread that has none of its own."""
    from django.db import connection

    try:
        with connection.cursor() as cursor:
            cursor.execute(_STORE, dict(row))
    finally:
        connection.close()


def store_at(address: str) -> Store:
    """Write with a connection of its own, for processes that do without Django."""

    def store(row: Row) -> None:
        import psycopg

        with psycopg.connect(address, autocommit=True, connect_timeout=2) as connection:
            connection.execute(_STORE, dict(row))

    return store


@dataclass
class Loop:
    """The account of one loop: its errors, its pauses. `store` keeps it for all to see."""

    name: str
    store: Store = store_by_django
    longest: float = LONGEST_PAUSE
    failures: int = 0
    """Since they were stored last."""
    error: str = ""
    failed_at: datetime | None = None
    well_at: datetime | None = None
    _pause: float = FIRST_PAUSE
    _changed: bool = field(default=False, repr=False)

    def note_failure(self, error: BaseException) -> float:
        """Log and count; gives the pause in seconds before the next beginning."""
        lost = is_lost_database(error)
        pause = min(self._pause, LOST_LONGEST if lost else self.longest, self.longest)
        self._pause = min(self._pause * 2, self.longest)
        self.count(describe_error(error))
        if lost or isinstance(error, EndedUnasked):
            log.warning("%s: %s; again in %.1f s", self.name, type(error).__name__, pause)
        else:
            places = "".join(traceback.format_tb(error.__traceback__)[-8:])
            log.error("%s: %s; again in %.1f s\n%s", self.name, type(error).__name__, pause, places)
        return pause

    def count(self, what: str) -> None:
        """Count without a word in the log, for who says it otherwise."""
        self.failures += 1
        self.error, self.failed_at, self._changed = what[:300], datetime.now(UTC), True

    def note_well(self) -> None:
        """It works; the next error finds the first pause again. To be called as often as one likes."""
        self._pause = FIRST_PAUSE
        moment = datetime.now(UTC)
        lately = self.well_at is not None and (moment - self.well_at).total_seconds() < TOLD_EVERY
        if not lately or (self.failed_at is not None and self.failed_at > self.well_at):  # type: ignore[operator]
            self.well_at, self._changed = moment, True

    def tell(self) -> bool:
        """Store what is new; False when that was not possible, then it is kept for the next time."""
        if not self._changed:
            return True
        host, told = socket.gethostname()[:120], self.failures
        row = {
            "key": f"{host}/{self.name}"[:200],
            "name": self.name[:80],
            "host": host,
            "process": str(os.getpid()),
            "failures": told,
            "error": self.error,
            "failed_at": self.failed_at,
            "well_at": self.well_at,
        }
        self._changed = False
        try:
            self.store(row)
        except Exception as error:  # noqa: BLE001 - the database is away, or not of this version yet
            self._changed = True
            log.info("%s: its account could not be kept (%s)", self.name, type(error).__name__)
            return False
        self.failures -= told
        return True


def is_lost_database(error: BaseException) -> bool:
    """Whether an error only says that the database, or the way to it, is away for the moment."""
    from django.db import InterfaceError, OperationalError
    from psycopg import InterfaceError as RawInterfaceError
    from psycopg import OperationalError as RawOperationalError

    return isinstance(error, OperationalError | InterfaceError | RawOperationalError | RawInterfaceError | OSError)


def list_loops() -> "list[LoopRecord]":
    """The loops that were heard of in the last day, those in trouble first."""
    from kaja.kernel.models import LoopRecord

    heard = LoopRecord.objects.filter(updated_at__gt=datetime.now(UTC) - timedelta(days=1)).order_by("name", "host")
    return sorted(heard, key=lambda each: not each.is_failing)


def forget_loops() -> None:
    """Of machines and loops that are gone."""
    from kaja.kernel.models import LoopRecord

    LoopRecord.objects.filter(updated_at__lt=datetime.now(UTC) - timedelta(days=7)).delete()


class Part(Protocol):
    """What a worker runs beside its deliveries, in the same event loop. `stop` asks it to come to an end."""

    async def run(self) -> None: ...
    def stop(self) -> None: ...


PARTS: "list[Callable[[dict[str, Any]], Part]]" = []
"""Makers of such parts, given psycopg's connection parameters. Rooms add theirs in `config/wiring.py`, so that the
worker knows none of them."""


def _never() -> bool:
    return False


async def keep_running(
    name: str,
    work: Callable[[], Awaitable[None]],
    *,
    stopped: Callable[[], bool] = _never,
    store: Store = store_by_django,
    longest: float = LONGEST_PAUSE,
) -> None:
    """Do `work`, again and again, until `stopped` or cancelled; an end that nobody asked for is an error, too."""
    loop = Loop(name, store, longest)
    task = asyncio.current_task()
    assert task is not None
    async with telling(loop) as news:
        while not stopped():
            running = asyncio.create_task(_note_when_well(loop))
            try:
                await work()
                if stopped():
                    return
                raise EndedUnasked(name)
            except BaseException as error:
                if task.cancelling():  # asked to stop; whatever else is wrong is no reason to begin again
                    raise asyncio.CancelledError from error
                if not isinstance(error, Exception | asyncio.CancelledError):
                    raise
                pause = loop.note_failure(error)
            finally:
                running.cancel()
            news.set()
            await _sleep(pause, stopped)


@asynccontextmanager
async def telling(loop: Loop) -> AsyncIterator[asyncio.Event]:
    """Keep a loop's account stored while the block runs; the event says that there is something new."""
    news = asyncio.Event()
    task = asyncio.create_task(_tell(loop, news))
    try:
        yield news
    finally:
        task.cancel()


async def end_surely(task: "asyncio.Future[Any]", *, patience: float = 1.0) -> None:
    """Cancel until it has ended; whatever it ended with is left to whoever asks the task.

    Once is not enough: `asyncio.wait_for` before Python 3.12 (which database pools and the job queue use) forgets a
    cancellation that comes at the moment when what it waits for arrives (bugs.python.org/issue37658), and then the
    task goes on for good. `patience`: seconds that it may need to tidy up before it is told again.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=patience)


async def _sleep(seconds: float, stopped: Callable[[], bool]) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and not stopped():  # noqa: ASYNC110
        await asyncio.sleep(min(left, 0.2))  # the question is anybody's


async def _note_when_well(loop: Loop) -> None:
    """As long as the work goes on; cancelled with it."""
    await asyncio.sleep(WELL_AFTER)
    while True:
        loop.note_well()
        await asyncio.sleep(TOLD_EVERY + 1)


async def _tell(loop: Loop, news: asyncio.Event) -> None:
    """Beside the work, which must not wait for a database that does not answer."""
    while True:
        with suppress(TimeoutError):
            async with asyncio.timeout(WELL_AFTER + 1):
                await news.wait()
        news.clear()
        await asyncio.to_thread(loop.tell)
