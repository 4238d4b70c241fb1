"""How PostgreSQL carries out what the journal writes: each row of a batch is looked up by its id."""

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection

from kaja.channels.models import Channel
from kaja.delivery.engine.claim import claim_due, enter
from kaja.delivery.engine.journal import Journal
from kaja.delivery.engine.statements import BY_INDEX, FINISH, TAKE
from kaja.delivery.models import Attempt, Delivery
from kaja.delivery.worker.main import get_address
from kaja.kernel.clock import now
from kaja.kernel.ids import new_id
from kaja.kernel.postgres import OWNER
from kaja.kernel.tenancy import SystemPurpose, workspace_scope
from kaja.workspaces.models import Workspace
from tests.delivery.ahead import by_hand, send_memo
from tests.delivery.memos import memos_at_work
from tests.practice.running import PracticeServer
from tests.publishing.delivering import connect_practice, later

pytestmark = pytest.mark.django_db(transaction=True)
MANY = 1500
"""Rows of the journal: few enough that PostgreSQL left to itself would read them all."""


@pytest.fixture
def channel(practice: PracticeServer, workspace: Workspace) -> Iterator[Channel]:
    with memos_at_work():
        yield connect_practice(practice, workspace, "bakery")


def fill(workspace: Workspace, channel: Channel) -> None:
    """Many channels with something planned, each after another, and a journal whose calls are all under way. Analysed,
    for whether autovacuum came by at this moment is chance."""
    row = send_memo(workspace, channel, "Memo").row()
    own = {"workspace_id": workspace.id}
    named = {**own, "network": "practice", "name": "c", "handle": "c"}
    planned = {**own, "due_at": later(600), "next_at": later(600)}
    begun = {**own, "delivery_id": row.id, "fence": 1, "stage": "publish", "started_at": now()}
    with workspace_scope(workspace.id):
        channels = Channel.objects.bulk_create(Channel(account_id=str(number), **named) for number in range(MANY))
        ids = [row.id, *(new_id() for _ in channels)]
        Delivery.objects.bulk_create(
            Delivery(id=own_id, after_id=before, source_id=new_id(), channel=each, **planned)
            for own_id, before, each in zip(ids[1:], ids, channels, strict=False)
        )
        Attempt.objects.bulk_create(Attempt(**begun) for _ in range(MANY))
    with psycopg.connect(**{**get_address(), "user": OWNER}, autocommit=True) as owner:
        owner.execute("ANALYZE publishing_delivery, publishing_attempt, channels_channel")


def list_scans(plan: dict[str, Any]) -> list[tuple[str, str, str]]:
    """What is read of each table: how, by which condition."""
    own = [(plan["Relation Name"], plan["Node Type"], plan.get("Index Cond", ""))] if "Relation Name" in plan else []
    return own + [scan for child in plan.get("Plans", ()) for scan in list_scans(child)]


async def explain(own: AsyncConnection[Any], statement: str) -> list[tuple[str, str, str]]:
    """As the journal has it: with parameters, for a batch of a size that nobody tells PostgreSQL."""
    values = {"rows": json.dumps([]), "lease": 90.0, "worker": "w", "again": False}
    async with own.transaction():
        await enter(own, SystemPurpose.CLAIM)
        [[[answer]]] = await (await own.execute("EXPLAIN (FORMAT JSON) " + statement, values)).fetchall()
    return list_scans(answer["Plan"])


BATCHES = {"take": TAKE, "finish": FINISH}
"""What most posts need; each has a batch of its own several times a second."""


@pytest.mark.parametrize("name", BATCHES)
def test_no_batch_reads_a_whole_table(name: str, workspace: Workspace, channel: Channel) -> None:
    fill(workspace, channel)

    async def work(own: AsyncConnection[Any], _: Journal) -> list[tuple[str, str, str]]:
        await own.execute(BY_INDEX)
        return await explain(own, BATCHES[name])

    scans = by_hand(work)
    growing = [scan for scan in scans if scan[0] in ("publishing_attempt", "publishing_delivery", "channels_channel")]
    assert growing
    for table, how, condition in growing:
        # Inserts name their table, too.
        assert how == "ModifyTable" or (how == "Index Scan" and "=" in condition), (table, how, condition)


def test_the_journal_says_so_on_its_connection(workspace: Workspace, channel: Channel) -> None:
    sent: list[AsyncConnection[Any]] = []

    async def work(own: AsyncConnection[Any], journal: Journal) -> list[str]:
        connect = journal._connect

        async def kept() -> AsyncConnection[Any]:
            sent.append(await connect())
            return sent[-1]

        journal._connect = kept
        [row] = await claim_due(own, 1, 60.0)
        await journal.renew(row)
        assert sent[0].prepare_threshold is None
        names = ("enable_seqscan", "random_page_cost", "cpu_tuple_cost", "plan_cache_mode")
        return [(await (await sent[0].execute(f"SHOW {name}")).fetchall())[0][0] for name in names]

    send_memo(workspace, channel, "Memo").come_due()
    assert by_hand(work) == ["off", "0.1", "0.1", "auto"]
