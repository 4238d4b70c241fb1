"""Start, run, stop. SIGTERM and SIGINT end the worker when the calls under way are finished and written."""

import asyncio
import contextlib
import logging
import os
import resource
import signal
import sys
from collections.abc import Callable
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection

from kaja.delivery.actions.holding import claim_place
from kaja.delivery.engine.journal import JournalBroken
from kaja.delivery.engine.loop import Engine
from kaja.delivery.engine.pace import Pace
from kaja.delivery.engine.threads import in_thread
from kaja.delivery.events import WorkerStarts
from kaja.delivery.worker.background import run_jobs
from kaja.kernel import events
from kaja.kernel.collector import settle_collector
from kaja.kernel.loops import PARTS
from kaja.kernel.outside import keep_without_database
from kaja.workspaces.actor import make_system_actor

log = logging.getLogger(__name__)
STOP_WITHIN = 25.0  # seconds; `kaja up` kills a worker that takes longer than 30


def get_address() -> dict[str, Any]:
    """psycopg's connection parameters of Django's database, without what only Django understands."""
    parameters = dict(connection.get_connection_params())
    for name in ("cursor_factory", "context", "prepare_threshold", "pool", "server_side_binding", "isolation_level"):
        parameters.pop(name, None)
    parameters.pop("assume_role", None)
    return parameters


def raise_file_limit() -> None:
    """Thousands of calls may be open at once; the usual limit of 1,024 files is too small."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536)
    if soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def work(pace: Pace | None = None, *, jobs: bool = True, ready: Callable[[], None] | None = None) -> None:
    """Deliver, do background jobs and what else is run beside them, until SIGTERM or SIGINT."""
    # Before anything is claimed: what runs at another place than before must not send.
    if not await in_thread(claim_place, make_system_actor("Kaja"), settings.EMBEDDED_IN):
        log.warning("this installation stands at another place than before; nothing is sent until `kaja settle`")
    await in_thread(events.publish, WorkerStarts())
    keep_without_database()
    engine = Engine(get_address(), pace)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    delivering = asyncio.create_task(engine.run())
    jobbing = asyncio.create_task(run_jobs(get_address())) if jobs else None
    parts = [make(get_address()) for make in PARTS] if jobs else []
    beside = [asyncio.create_task(part.run()) for part in parts]
    stopped = asyncio.create_task(stop.wait())
    if ready is not None:
        ready()
    await asyncio.wait([stopped, delivering], return_when=asyncio.FIRST_COMPLETED)
    engine.stop()
    for part in parts:
        part.stop()
    if jobbing is not None:
        jobbing.cancel()
    # With the database gone neither can finish what it writes: what is cut off here is reconciled by the next worker.
    ending = {task for task in (delivering, jobbing, *beside) if task is not None}
    _, unfinished = await asyncio.wait(ending, timeout=STOP_WITHIN)
    for task in unfinished:
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await delivering
    stopped.cancel()


def main() -> None:
    """Run one worker until told to stop. Django is set up by the caller. `KAJA_WORKER_JOBS=0`: deliveries only."""
    logging.basicConfig(level=os.environ.get("KAJA_LOG_LEVEL", "INFO"), format="%(asctime)s %(name)s %(message)s")
    raise_file_limit()
    settle_collector()
    import uvloop

    try:
        uvloop.run(work(jobs=os.environ.get("KAJA_WORKER_JOBS", "1") != "0"))
    except (psycopg.Error, JournalBroken) as error:
        log.error("worker ends: %s", type(error).__name__)
        sys.exit(1)
