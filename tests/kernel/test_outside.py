"""What waits for something outside holds nothing of the database, and is found out when it does."""

import asyncio
import threading
from uuid import UUID

import pytest
from django.core.exceptions import SynchronousOnlyOperation
from django.db import connection, transaction

from kaja.kernel import outside
from kaja.kernel.outside import WaitsWithDatabase, leave_database, take_waiting_place
from kaja.kernel.tenancy import workspace_scope
from kaja.networks.kit.http import NotSent, Session, run_blocking
from kaja.workspaces.actor import make_system_actor
from kaja.workspaces.models import Workspace
from kaja.workspaces.outside import PER_PERSON, TooMuchAtOnce, ask_outside
from tests.serving import pooled

ACTOR = make_system_actor("test")


async def call() -> None:
    with pytest.raises(NotSent):
        await Session(allow_private=["127.0.0.1"]).request("GET", "http://127.0.0.1:1/")


def test_a_call_inside_a_transaction_fails_its_test(workspace: Workspace) -> None:
    run_blocking(call)  # outside is right
    for inside in (workspace_scope(workspace.id), transaction.atomic()):
        with inside, pytest.raises(WaitsWithDatabase):
            run_blocking(call)
    assert len(outside.found) == 2
    outside.found.clear()


@pytest.mark.django_db(transaction=True)
def test_a_thread_gives_its_connection_back_before_it_waits() -> None:
    def work() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        with pytest.raises(WaitsWithDatabase, match="connection of the pool"):
            outside.check_waiting()
        run_blocking(call)
        assert connection.connection is None

    with pooled(1):
        work()
    outside.found.clear()


def test_who_waits_for_many_is_asked_to_wait() -> None:
    release, inside = threading.Event(), threading.Semaphore(0)

    async def silent() -> None:
        inside.release()
        release.wait(60)

    def ask() -> None:
        ask_outside(ACTOR, UUID(int=1), silent)

    threads = [threading.Thread(target=ask) for _ in range(PER_PERSON)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert inside.acquire(timeout=60)
    with pytest.raises(TooMuchAtOnce) as refused:
        ask_outside(ACTOR, UUID(int=2), silent)
    assert refused.value.status == 429
    release.set()
    for thread in threads:
        thread.join(60)
    assert ask_outside(ACTOR, UUID(int=2), silent) is None


def test_a_full_place_takes_nobody_and_a_wait_that_fails_leaves_it() -> None:
    with pytest.raises(ValueError), take_waiting_place({"here": 1}):
        raise ValueError
    with take_waiting_place({"here": 1, "there": 2}):
        with pytest.raises(outside.TooManyWait), take_waiting_place({"there": 2, "here": 1}):
            pass
        with take_waiting_place({"there": 2}):
            leave_database()
    assert not outside._waiting


@pytest.mark.django_db(transaction=True)
def test_a_loop_without_connections_is_not_asked_while_it_runs() -> None:
    async def keep() -> None:
        outside.keep_without_database()
        with pytest.raises(SynchronousOnlyOperation):  # which is why
            connection.ensure_connection()
        outside.check_waiting()

    def without() -> None:
        asyncio.run(keep())
        with transaction.atomic(), pytest.raises(WaitsWithDatabase):
            outside.check_waiting()
        connection.close()
        done.append(True)

    done: list[bool] = []
    thread = threading.Thread(target=without)
    thread.start()
    thread.join(60)
    assert done
    outside.found.clear()
