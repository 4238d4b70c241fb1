"""Budgets of a channel are written by the engine, by reading and by whoever checks a channel: in one order."""

import asyncio
import os
import threading
from collections.abc import Callable

import psycopg
import pytest
from django.db import connection

from kaja.channels.models import Channel, QuotaState
from kaja.channels.sessions import record_quota
from kaja.delivery.engine import decide
from kaja.delivery.engine.claim import claim_due
from kaja.delivery.engine.journal import Journal, Record
from kaja.delivery.engine.loop import Engine
from kaja.delivery.worker.main import get_address
from kaja.kernel.clock import now
from kaja.kernel.tenancy import workspace_scope
from kaja.networks.kit.quotas import Quota
from kaja.workspaces.models import Workspace
from tests.practice.running import PracticeServer
from tests.publishing.delivering import QUICK, connect_practice, plan_post
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
TOLD = [Quota("b", limit=3, remaining=1), Quota("a", limit=3, remaining=1)]


def write_by_engine(workspace: Workspace, channel: Channel) -> None:
    async def work() -> None:
        engine = Engine(get_address(), QUICK)
        journal = Journal(engine.connect, QUICK, "writer:1")
        writer = asyncio.create_task(journal.run())
        async with await engine.connect() as own:
            [row] = await claim_due(own, 10, QUICK.lease)
            quotas = {quota.bucket: quota for quota in TOLD}
            await journal.finish(row, decide.hand_back(row, now()), Record(None, quotas=quotas))
        journal.close()
        await writer

    asyncio.run(work())


def write_by_reader(workspace: Workspace, channel: Channel) -> None:
    with workspace_scope(workspace.id):
        record_quota(channel, TOLD)
    connection.close()


@pytest.mark.parametrize("write", [write_by_engine, write_by_reader])
def test_who_waits_for_a_budget_holds_none_that_comes_after_it(
    practice: PracticeServer, workspace: Workspace, write: Callable[[Workspace, Channel], None]
) -> None:
    """Else two who were told of the same budgets in another order end each other."""
    channel = connect_practice(practice, workspace, "bakery")
    plan_post(workspace, [channel], "Told")
    with workspace_scope(workspace.id):
        for bucket in ("a", "b"):
            QuotaState.objects.create(channel=channel, bucket=bucket, limit=3, remaining=2)
    name = connection.settings_dict["NAME"]
    writer = threading.Thread(target=write, args=(workspace, channel))
    with psycopg.connect(os.environ["KAJA_TEST_POSTGRES"], dbname=name) as own:
        own.execute("SELECT 1 FROM channels_quotastate WHERE bucket = 'a' FOR UPDATE")
        writer.start()
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"
        with psycopg.connect(os.environ["KAJA_TEST_POSTGRES"], autocommit=True) as watcher:
            wait_until(lambda: watcher.execute(waiting, [name]).fetchone() == (1,))
        own.execute("SELECT 1 FROM channels_quotastate WHERE bucket = 'b' FOR UPDATE NOWAIT")
    writer.join(60)
    with workspace_scope(workspace.id):
        assert set(QuotaState.objects.values_list("bucket", "remaining")) == {("a", 1), ("b", 1)}


def test_a_budget_beyond_what_is_counted_is_kept_as_the_most(practice: PracticeServer, workspace: Workspace) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    with workspace_scope(workspace.id):
        record_quota(channel, [Quota("calls", limit=10**12, remaining=-(10**12)), Quota("b" * 99)])
        found = list(QuotaState.objects.order_by("bucket").values_list("bucket", "limit", "remaining"))
    assert found == [("b" * 60, None, None), ("calls", 2**31 - 1, 1 - 2**31)]
