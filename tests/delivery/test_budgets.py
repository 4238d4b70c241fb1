"""What networks say of their budgets is written when it may hold a row back, and otherwise now and then."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from kaja.channels.models import Channel, QuotaState
from kaja.delivery.engine import budgets, decide
from kaja.delivery.engine.budgets import Budgets
from kaja.delivery.engine.claim import claim_due
from kaja.delivery.engine.journal import Journal, Record
from kaja.kernel.clock import now
from kaja.kernel.ids import new_id
from kaja.kernel.tenancy import workspace_scope
from kaja.networks.kit.quotas import Quota
from kaja.workspaces.models import Workspace
from tests.delivery.ahead import by_hand
from tests.practice.running import PracticeServer
from tests.publishing.delivering import QUICK, connect_practice, later, plan_post
from tests.waiting import wait_until


def make_row() -> Any:
    return SimpleNamespace(channel_id=new_id(), workspace_id=new_id())


def take(kept: Budgets, **how: Any) -> list[tuple[str, int]]:
    return [(row["bucket"], row["remaining"]) for row in kept.take(**how)]


def test_with_plenty_left_the_first_word_is_written_at_once_and_the_last_one_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [100.0]
    monkeypatch.setattr(budgets, "boot_clock", lambda: clock[0])
    kept, row = Budgets(), make_row()
    kept.note(row, Quota("posts", 300, 299))
    assert take(kept) == [("posts", 299)]
    assert kept.seconds_left() is None
    for left in (298, 297, 296):
        clock[0] += 1.0
        kept.note(row, Quota("posts", 300, left))
        assert take(kept) == []
    assert kept.seconds_left() == budgets.EVERY - 2.0
    clock[0] += budgets.EVERY - 2.0
    assert take(kept) == [("posts", 296)]
    assert (kept.seconds_left(), take(kept, everything=True)) == (None, [])


@pytest.mark.parametrize(
    "quota",
    [
        Quota("posts", 300, 29),
        Quota("posts", 20, 9),
        Quota("posts", 300, 0),
        Quota("posts", 300, 299, blocked_until=later(60)),
        Quota("posts", blocked_until=later(60)),
        Quota("posts"),
    ],
)
def test_what_may_hold_a_row_back_is_written_each_time(quota: Quota) -> None:
    kept, row = Budgets(), make_row()
    for _ in range(3):
        kept.note(row, quota)
        assert len(kept.take()) == 1


def test_a_word_that_counts_replaces_what_waits() -> None:
    """Else the older one would be written after it, and say that there is plenty."""
    kept, row = Budgets(), make_row()
    for left in (299, 298, 3):
        kept.note(row, Quota("posts", 300, left))
    assert take(kept) == [("posts", 3)]
    assert take(kept, everything=True) == []


def test_rows_are_written_by_channel_and_bucket() -> None:
    kept, rows = Budgets(), sorted((make_row() for _ in range(3)), key=lambda row: row.channel_id)
    for row in reversed(rows):
        kept.note(row, Quota("b", 300, 299))
        kept.note(row, Quota("a", 300, 299))
    written = [(row["channel_id"], row["bucket"]) for row in kept.take()]
    assert written == [(str(row.channel_id), bucket) for row in rows for bucket in ("a", "b")]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("ends", [True, False])
def test_the_journal_writes_what_waited(
    ends: bool, practice: PracticeServer, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the worker ends, and when nothing more happens."""
    if not ends:
        monkeypatch.setattr(budgets, "EVERY", 0.2)
    channel = connect_practice(practice, workspace, "bakery")
    plan_post(workspace, [channel], "Told")

    def stored() -> int | None:
        with workspace_scope(workspace.id):
            return (
                QuotaState.objects.filter(channel=Channel.objects.get(), bucket="b")
                .values_list("remaining", flat=True)
                .first()
            )

    async def work(own: Any, journal: Journal) -> None:
        [row] = await claim_due(own, 10, QUICK.lease)
        for left in (99, 98, 97):
            told = Record(None, quotas={"b": Quota("b", 100, left)})
            await journal.finish(row, decide.hand_back(row, now()), told)
        if not ends:
            await asyncio.to_thread(wait_until, lambda: stored() == 97)

    by_hand(work)
    assert stored() == 97
