"""Workers that lost their row: they may add evidence, and nothing else."""

import asyncio
from typing import Any

import pytest
from django.db import connection

from kaja.delivery import problems
from kaja.delivery.engine import decide
from kaja.delivery.engine.claim import claim_due, take_over
from kaja.delivery.engine.journal import Journal, Record
from kaja.delivery.engine.loop import Engine
from kaja.delivery.engine.row import Claimed
from kaja.delivery.models import Attempt, Delivery, Publication, State
from kaja.delivery.worker.main import get_address
from kaja.kernel.clock import now
from kaja.kernel.tenancy import workspace_scope
from kaja.networks.kit.results import RemoteRef, Unknown
from kaja.workspaces.models import Workspace
from tests.delivery.ahead import by_hand
from tests.practice.running import PracticeServer
from tests.publishing.delivering import QUICK, connect_practice, deliveries_of, plan_post

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def planned(practice: PracticeServer, workspace: Workspace) -> Delivery:
    post = plan_post(workspace, [connect_practice(practice, workspace, "bakery")], "Fenced")
    return deliveries_of(workspace, post)[0]


def expire(delivery_id: Any, workspace: Workspace) -> None:
    with workspace_scope(workspace.id):
        Delivery.objects.filter(id=delivery_id).update(lease_until=now(), next_at=now())
    connection.close()


async def _claim_and_begin(own: Any, journal: Journal, irreversible: bool = True) -> tuple[Claimed, Any]:
    [row] = await claim_due(own, 10, QUICK.lease)
    row.content, row.stage = {"text": "Fenced"}, "publish"
    attempt = await journal.begin(row, "publish", irreversible)
    assert attempt is not None
    return row, attempt


def test_a_zombie_adds_evidence_and_changes_nothing(planned: Delivery, workspace: Workspace) -> None:
    async def work(own: Any, journal: Journal) -> bool:
        row, attempt = await _claim_and_begin(own, journal)
        await asyncio.to_thread(expire, planned.id, workspace)
        assert await take_over(own, '{"code": "worker_gone", "message": "gone"}') == 1
        verdict = decide.sent(row, RemoteRef("99", "https://practice.example/99"), now())
        record = Record(attempt, "sent", params={"ref": {"id": "99", "url": "https://practice.example/99", "data": {}}})
        return await journal.finish(row, verdict, record)

    assert by_hand(work) is False
    with workspace_scope(workspace.id):
        row = Delivery.objects.get()
        assert (row.state, row.remote_id) == (State.UNCERTAIN, "")
        assert Publication.objects.count() == 0
        attempt = Attempt.objects.get()
        assert (attempt.outcome, attempt.finished_at is not None) == ("sent", True)


def test_what_a_zombie_saw_settles_the_doubt(planned: Delivery, workspace: Workspace) -> None:
    test_a_zombie_adds_evidence_and_changes_nothing(planned, workspace)

    async def work(own: Any, journal: Journal) -> Claimed:
        [row] = await claim_due(own, 10, QUICK.lease)
        return row

    row = by_hand(work)
    assert row.state == State.UNCERTAIN
    assert row.witness == {"id": "99", "url": "https://practice.example/99", "data": {}}


@pytest.mark.parametrize(("irreversible", "expected"), [(True, State.UNCERTAIN), (False, State.WAITING)])
def test_a_lease_that_runs_out_is_judged_by_the_journal(
    planned: Delivery, workspace: Workspace, irreversible: bool, expected: State
) -> None:
    async def work(own: Any, journal: Journal) -> None:
        await _claim_and_begin(own, journal, irreversible)
        await asyncio.to_thread(expire, planned.id, workspace)
        assert await take_over(own, '{"code": "worker_gone", "message": "gone"}') == 1

    by_hand(work)
    with workspace_scope(workspace.id):
        row = Delivery.objects.get()
    assert row.state == expected
    assert (row.uncertain_since is not None) == irreversible


def test_a_zombie_opens_no_attempt(planned: Delivery, workspace: Workspace) -> None:
    async def work(own: Any, journal: Journal) -> Any:
        [row] = await claim_due(own, 10, QUICK.lease)
        await asyncio.to_thread(expire, planned.id, workspace)
        await take_over(own, "null")
        return await journal.begin(row, "publish", True)

    assert by_hand(work) is None
    with workspace_scope(workspace.id):
        assert Attempt.objects.count() == 0


def test_two_workers_never_claim_the_same_row(planned: Delivery) -> None:
    async def work(own: Any, journal: Journal) -> list[list[Claimed]]:
        engine = Engine(get_address(), QUICK)
        async with await engine.connect() as other:
            return list(await asyncio.gather(claim_due(own, 10, QUICK.lease), claim_due(other, 10, QUICK.lease)))

    assert sorted(len(rows) for rows in by_hand(work)) == [0, 1]


def test_an_unknown_outcome_is_written_as_doubt(planned: Delivery, workspace: Workspace) -> None:
    async def work(own: Any, journal: Journal) -> bool:
        row, attempt = await _claim_and_begin(own, journal)
        verdict = decide.after_stage(
            row, Unknown(problems.SEEKING), irreversible=True, stages=("publish",), now=now(), pace=QUICK
        )
        return await journal.finish(row, verdict, Record(attempt, "unknown"))

    assert by_hand(work) is True
    with workspace_scope(workspace.id):
        row = Delivery.objects.get()
    assert (row.state, row.lease_until, row.stage) == (State.UNCERTAIN, None, "publish")
    assert row.uncertain_since is not None
