"""What runs for long never ends silently: an error is logged, counted, kept, and it begins again."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.db import connection

from kaja.kernel.loops import EndedUnasked, Loop, describe_error, keep_running, list_loops
from kaja.kernel.models import LoopRecord

SECRET = " ".join(("what", "somebody", "wrote"))


class Kept:
    """Rows instead of a table."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def __call__(self, row: Any) -> None:
        self.rows.append(dict(row))


def failing(times: int, how: Callable[[], None], done: asyncio.Event) -> Callable[[], Any]:
    left = times

    async def work() -> None:
        nonlocal left
        if left:
            left -= 1
            how()
            return
        done.set()
        await asyncio.Event().wait()

    return work


def break_down() -> None:
    raise LookupError(SECRET)


def lose_database() -> None:
    raise psycopg.OperationalError("gone")


def cancel_itself() -> None:
    raise asyncio.CancelledError


@pytest.mark.parametrize("how", [break_down, lose_database, cancel_itself, lambda: None])
async def test_whatever_ends_the_work_it_begins_again(
    how: Callable[[], None], caplog: pytest.LogCaptureFixture
) -> None:
    done, kept = asyncio.Event(), Kept()
    with caplog.at_level(logging.WARNING):
        task = asyncio.create_task(keep_running("work", failing(3, how, done), store=kept, longest=0.02))
        await asyncio.wait_for(done.wait(), 20)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert caplog.text.count("again in") == 3
    assert SECRET not in caplog.text
    assert kept.rows
    assert kept.rows[0]["name"] == "work"


async def test_it_ends_when_it_is_asked_to_while_it_pauses() -> None:
    stopping = False

    async def work() -> None:
        nonlocal stopping
        stopping = True
        raise LookupError

    await asyncio.wait_for(keep_running("work", work, stopped=lambda: stopping, store=Kept(), longest=600.0), 20)


async def test_cancelled_it_ends_though_the_work_answers_with_another_error() -> None:
    begun = asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            raise psycopg.OperationalError("and the database is away")

    task = asyncio.create_task(keep_running("work", work, store=Kept()))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 120)


def test_pauses_grow_to_a_bound_and_shrink_when_it_works() -> None:
    loop = Loop("work", Kept(), longest=1.0)
    pauses = [loop.note_failure(LookupError()) for _ in range(6)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (0.1, 1.0)
    loop.note_well()
    assert loop.note_failure(EndedUnasked()) == 0.1


def test_an_error_is_described_by_kind_and_place() -> None:
    with pytest.raises(LookupError) as caught:
        break_down()
    assert describe_error(caught.value).startswith("LookupError at test_loops.py:")
    assert SECRET not in describe_error(caught.value)


def test_what_could_not_be_kept_is_kept_the_next_time() -> None:
    kept: list[int] = []
    away = True

    def store(row: Any) -> None:
        if away:
            raise psycopg.OperationalError
        kept.append(row["failures"])

    loop = Loop("work", store)
    for _ in range(2):
        loop.note_failure(LookupError())
        assert not loop.tell()
    away = False
    assert loop.tell()
    assert loop.tell()
    assert kept == [2]


@pytest.mark.django_db
def test_the_loops_of_several_processes_are_one_account_per_machine() -> None:
    def store(row: Any) -> None:
        from kaja.kernel.loops import _STORE

        with connection.cursor() as cursor:
            cursor.execute(_STORE, dict(row))

    one, other, well = Loop("work", store), Loop("work", store), Loop("other", store)
    for loop in (one, one, other):
        loop.note_failure(LookupError())
    well.note_well()
    for loop in (well, one, other):
        assert loop.tell()
    assert [(each.name, each.failures, each.is_failing) for each in list_loops()] == [
        ("work", 3, True),
        ("other", 0, False),
    ]
    other.note_well()
    other.tell()
    record = LoopRecord.objects.get(name="work")
    assert not record.is_failing
    assert record.error.startswith("LookupError")
