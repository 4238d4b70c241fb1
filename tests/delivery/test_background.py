"""Background jobs outlive the database's absence and the worker that had begun them."""

import asyncio
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from procrastinate import PsycopgConnector
from procrastinate.contrib.django import app as django_app
from procrastinate.contrib.django.models import ProcrastinateJob

from kaja.delivery.worker import background
from kaja.delivery.worker.background import SILENT_AFTER, STARTS, run_job_worker, run_jobs
from kaja.delivery.worker.main import get_address
from kaja.kernel.loops import end_surely
from tests.delivery.test_recovery import no_connections
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
DONE: list[str] = []


@django_app.task(name="tests.note")
async def note(word: str) -> None:
    DONE.append(word)


@pytest.fixture(autouse=True)
def nothing_done() -> None:
    DONE.clear()


@contextmanager
def running_jobs() -> Iterator[None]:
    """The background jobs of a worker, in a thread of their own; cancelled as the worker cancels them."""
    loop = asyncio.new_event_loop()
    task = loop.create_task(run_jobs(get_address()))

    def whole() -> None:
        asyncio.set_event_loop(loop)
        with pytest.raises(asyncio.CancelledError):
            loop.run_until_complete(task)
        loop.close()

    thread = threading.Thread(target=whole)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(120)
        assert not thread.is_alive()


def test_jobs_go_on_after_the_database_was_away(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), running_jobs():
        note.defer(word="before")
        wait_until(lambda: DONE == ["before"])
        with no_connections(spare="nothing"):
            # Procrastinate is about to end; whether with an error depends on how soon the database is back.
            wait_until(lambda: "stopping worker" in caplog.text or "background jobs: " in caplog.text)
        note.defer(word="after")
        wait_until(lambda: DONE == ["before", "after"])


async def test_a_lost_connection_is_not_met_again_at_the_next_beginning() -> None:
    def lose() -> None:
        connection.ensure_connection()
        connection.connection.close()
        connection.errors_occurred = True  # as after a statement that met it

    def is_lost() -> bool:
        return connection.connection is not None and connection.connection.closed

    await sync_to_async(lose)()
    assert await sync_to_async(is_lost)()
    work = asyncio.create_task(run_job_worker(get_address()))
    for _ in range(1200):
        if not await sync_to_async(is_lost)():
            break
        await asyncio.sleep(0.05)
    assert not await sync_to_async(is_lost)()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work


@pytest.mark.parametrize("step", range(8, 40, 3))
async def test_they_end_when_told_to_whatever_they_were_at(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pools forget a cancellation at some of these steps."""
    monkeypatch.setattr(background, "ENDS_WITHIN", 1.0)
    work = asyncio.create_task(run_job_worker(get_address()))
    for _ in range(step):
        await asyncio.sleep(0)
    await asyncio.sleep(step * 0.0003)
    work.cancel()
    await asyncio.wait({work}, timeout=120)
    assert work.cancelled()


async def test_told_to_end_again_until_it_has() -> None:
    told: list[int] = []

    async def deaf() -> None:
        while len(told) < 3:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                told.append(len(told))

    task = asyncio.create_task(deaf())
    await asyncio.sleep(0)
    await end_surely(task, patience=0.01)
    assert task.done()
    assert told == [0, 1, 2]


def test_asked_to_stop_while_the_database_is_away_they_stop(caplog: pytest.LogCaptureFixture) -> None:
    """`running_jobs` holds that they end by being cancelled, within its patience."""
    connection.ensure_connection()
    with no_connections(spare="nothing"), caplog.at_level(logging.WARNING), running_jobs():
        wait_until(lambda: "background jobs: " in caplog.text)


def begin_and_die(word: str, attempts: int) -> int:
    """A worker takes a job and is never heard of again; gives the job's id."""
    # In a queue of its own: what comes every minute may wait there, too.
    job_id = note.configure(queue="tests").defer(word=word)

    async def begin() -> int:
        async with django_app.with_connector(PsycopgConnector(kwargs=get_address())).open_async() as app:
            worker = await app.job_manager.register_worker()
            job = await app.job_manager.fetch_job(["tests"], worker)
            assert job
            assert job.id == job_id
            return worker

    worker = asyncio.run(begin())
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procrastinate_workers SET last_heartbeat = now() - %s * interval '1 second' WHERE id = %s",
            [SILENT_AFTER + 1, worker],
        )
        cursor.execute("UPDATE procrastinate_jobs SET attempts = %s WHERE id = %s", [attempts, job_id])
    return job_id


def test_what_a_killed_worker_had_begun_is_begun_again() -> None:
    begin_and_die("again", attempts=0)
    with running_jobs():
        wait_until(lambda: DONE == ["again"])


def test_what_kills_every_worker_is_given_up_and_kept_for_the_operator() -> None:
    job_id = begin_and_die("deadly", attempts=STARTS)
    with running_jobs():
        wait_until(lambda: ProcrastinateJob.objects.get(id=job_id).status == "failed")
    assert DONE == []
