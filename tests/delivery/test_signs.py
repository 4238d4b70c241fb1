"""A worker that is gone is noticed by its connection, long before its leases are over."""

import asyncio
import os
import subprocess
from dataclasses import replace
from typing import Any

import pytest

from kaja.delivery.engine.claim import claim_due, take_over
from kaja.delivery.engine.journal import Journal
from kaja.delivery.engine.loop import Engine
from kaja.delivery.engine.signs import Signs, is_dead, name_machine
from kaja.delivery.models import Delivery, State, WorkerSign
from kaja.delivery.worker.main import get_address
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Workspace
from tests.delivery.ahead import by_hand
from tests.delivery.test_loops import start_worker
from tests.delivery.test_recovery import FOREVER
from tests.practice.running import PracticeServer
from tests.publishing.delivering import (
    QUICK,
    connect_practice,
    deliveries_of,
    plan_post,
    running_engine,
    wait_for_states,
)
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def test_after_a_killed_worker_its_channels_go_on_though_its_leases_run_for_ever(
    practice: PracticeServer, workspace: Workspace
) -> None:
    """What it had sent is found, and what was only planned for the same channel does not wait for that."""
    channel = connect_practice(practice, workspace, "bakery")
    practice.set_faults(delay={"seconds": 30, "on": ["publish"]})
    worker = start_worker(KAJA_PACE_LEASE=str(FOREVER))
    try:
        under_way = plan_post(workspace, [channel], "Under way")
        wait_until(lambda: practice.truth(contains="Under way"))
        wait_for_states(workspace, under_way, "sending")
    finally:
        worker.kill()
        worker.communicate()
    planned = plan_post(workspace, [channel], "Planned for the same channel")
    practice.set_faults()
    with running_engine(replace(QUICK, lease=FOREVER, settle=FOREVER)):
        for post in (planned, under_way):
            wait_for_states(workspace, post, "sent")
        wait_until(lambda: WorkerSign.objects.count() == 1)
    assert WorkerSign.objects.count() == 0, "who ends in order leaves no sign"
    assert len(practice.truth(contains="Under way")) == 1


def test_a_worker_without_its_connection_is_gone_and_one_with_it_is_not(
    practice: PracticeServer, workspace: Workspace
) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    post = plan_post(workspace, [channel], "Fenced")

    async def work() -> list[int]:
        engine = Engine(get_address(), QUICK)
        watching = Signs(engine.connect, replace(QUICK, gone=0.0), "{}")
        watched = Signs(engine.connect, QUICK, "{}")
        taken = []
        async with await engine.connect() as own:
            async with await engine.connect() as its:
                await its.execute("SELECT pg_advisory_lock(%s)", [watched.key])
                sign = "INSERT INTO publishing_workersign VALUES (%s, 'elsewhere', 1, now() - interval '1 hour')"
                await own.execute(sign, [watched.key])
                assert len(await claim_due(own, 10, FOREVER, watched.key)) == 1
                taken.append(await watching._take_over(own))
            while not taken[-1]:  # the server notices within moments that the connection ended
                taken.append(await watching._take_over(own))
                await asyncio.sleep(0.01)
        return taken

    taken = asyncio.run(work())
    assert (taken[0], taken[-1]) == (0, 1)
    [row] = deliveries_of(workspace, post)
    assert row.state == State.WAITING
    assert WorkerSign.objects.count() == 0


@pytest.mark.parametrize("dead", [True, False])
def test_absence_counts_from_the_end_of_the_lease_unless_the_process_is_known_to_be_dead(
    practice: PracticeServer, workspace: Workspace, dead: bool
) -> None:
    """A worker that only lost its connection may have a call under way until then."""
    plan_post(workspace, [connect_practice(practice, workspace, "bakery")], "Fenced")

    async def work(own: Any, journal: Journal) -> None:
        [row] = await claim_due(own, 10, FOREVER, 7)
        row.content, row.stage = {"text": "Fenced"}, "publish"
        assert await journal.begin(row, "publish", True) is not None
        assert await take_over(own, "{}", [7], [7] if dead else []) == 1

    leased = QUICK.lease
    by_hand(work)
    with workspace_scope(workspace.id):
        row = Delivery.objects.get()
    assert row.state == State.UNCERTAIN
    assert row.uncertain_since is not None
    assert row.next_at is not None
    assert ((row.uncertain_since - row.next_at).total_seconds() > leased / 2) == (not dead)


def test_what_a_lost_worker_was_looking_at_is_looked_at_again(practice: PracticeServer, workspace: Workspace) -> None:
    plan_post(workspace, [connect_practice(practice, workspace, "bakery")], "Fenced")
    with workspace_scope(workspace.id):
        Delivery.objects.update(state=State.UNCERTAIN, uncertain_since="2026-01-01T00:00Z")

    async def work(own: Any, journal: Journal) -> list[int]:
        [row] = await claim_due(own, 10, FOREVER, 7)
        assert await claim_due(own, 10, FOREVER, 8) == []
        assert await take_over(own, "{}", [7]) == 1
        [again] = await claim_due(own, 10, FOREVER, 8)
        return [row.fence, again.fence]

    before, after = by_hand(work)
    assert after == before + 2


def test_whether_a_process_is_there() -> None:
    assert name_machine()
    assert not is_dead(os.getpid())
    child = subprocess.Popen(["sleep", "600"])
    assert not is_dead(child.pid)
    child.kill()
    wait_until(lambda: is_dead(child.pid))  # also before it is buried
    child.wait()
    assert is_dead(child.pid)
