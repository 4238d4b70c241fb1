"""The background jobs that a worker does beside the deliveries.

Procrastinate does them, but leaves two things to us: its worker ends, without an error, when the database was away; and
a job whose worker was killed stays "doing" for good.
"""

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from typing import Any

from asgiref.sync import sync_to_async
from django.db import close_old_connections
from procrastinate import App, PsycopgConnector
from procrastinate.contrib.django import app as django_app
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager

from kaja.kernel.loops import end_surely, keep_running

log = logging.getLogger(__name__)
AT_ONCE = 4
SILENT_AFTER = 30.0
"""Seconds without a heartbeat (every ten) after which a worker counts as lost."""
LOOK_EVERY = 20.0
"""Seconds between two looks for jobs of lost workers."""
STARTS = 10
"""A job that was begun this often, and took its worker along each time, is left to `kaja doctor`."""
LONGEST_PAUSE = 5.0
JOB_ENDS_WITHIN = 20.0
"""Seconds that a job has to come to its end once the worker stops."""
ENDS_WITHIN = JOB_ENDS_WITHIN + 2


async def run_jobs(address: Mapping[str, Any]) -> None:
    """Do background jobs until cancelled; again and again when the database was away. `address`: psycopg's
    connection parameters."""
    await keep_running("background jobs", lambda: run_job_worker(address), longest=LONGEST_PAUSE)


async def run_job_worker(address: Mapping[str, Any]) -> None:
    """Do background jobs until cancelled, or until the database is lost."""
    # What comes every minute is put into the queue over Django's connection of this thread. One that was lost at that
    # very moment would be met again at each new beginning.
    await sync_to_async(close_old_connections)()
    worker_app: App = django_app.with_connector(PsycopgConnector(kwargs=dict(address), min_size=1, max_size=3))
    # A task of its own, for it may miss that it is to end, see `end_surely`; this one only waits, and does not.
    working = asyncio.create_task(_work(worker_app))
    try:
        await asyncio.wait({working})
        await working
    finally:
        await end_surely(working, patience=ENDS_WITHIN)


async def _work(worker_app: App) -> None:
    working = asyncio.current_task()
    assert working is not None
    looking = asyncio.create_task(
        keep_running("background jobs: take over", lambda: _take_over_lost_jobs(worker_app.job_manager))
    )
    try:
        await worker_app.open_async()
        if working.cancelling():
            raise asyncio.CancelledError
        await worker_app.run_worker_async(
            concurrency=AT_ONCE,
            install_signal_handlers=False,
            listen_notify=True,
            shutdown_graceful_timeout=JOB_ENDS_WITHIN,
            # What failed stays, so that `kaja doctor` can tell of it.
            delete_jobs="successful",
        )
    finally:
        await end_surely(looking)
        await worker_app.close_async()  # also what was opened in part


async def _take_over_lost_jobs(manager: JobManager) -> None:
    """Jobs may be repeated, so what a lost worker had begun is begun again."""
    while True:
        for job in await manager.get_stalled_jobs(seconds_since_heartbeat=SILENT_AFTER):
            # Another worker may be quicker.
            with contextlib.suppress(ConnectorException):
                await _take_over(manager, job)
        await asyncio.sleep(LOOK_EVERY)


async def _take_over(manager: JobManager, job: Job) -> None:
    if job.attempts < STARTS:
        log.warning("job %s (%s) lost its worker and is begun again", job.id, job.task_name)
        await manager.retry_job(job)
    else:
        log.error("job %s (%s) lost its worker %d times and is given up", job.id, job.task_name, STARTS)
        await manager.finish_job(job, Status.FAILED, delete_job=False)
