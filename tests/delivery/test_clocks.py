"""A clock that jumps while a worker runs: nothing is sent by it until somebody has looked."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from kaja.delivery.actions import Settlement, settle_workspace
from kaja.delivery.engine.loop import Engine
from kaja.delivery.engine.steady import Reading, has_jumped
from kaja.delivery.worker.main import get_address
from kaja.kernel.clock import now
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Held, Notice, Workspace
from tests.people import actor
from tests.practice.running import PracticeServer
from tests.publishing.delivering import connect_practice, deliveries_of, plan_post, running_engine, wait_for_states
from tests.waiting import wait_until

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


def read(seconds: float, own: float, database: float) -> Reading:
    """The clocks `seconds` after the first look; `own` and `database` by minutes off noon beside what passed."""
    passed = timedelta(seconds=seconds)
    return Reading(
        1000.0 + seconds, NOON + passed + timedelta(minutes=own), NOON + passed + timedelta(minutes=database)
    )


def stored(workspace: Workspace) -> Workspace:
    with workspace_scope(workspace.id):
        return Workspace.objects.get()


@pytest.mark.parametrize(
    ("before", "after", "jumped"),
    [
        (read(0, 0, 0), read(10, 0, 0), False),
        (read(0, 0, 0), read(8 * 3600, 0, 0), False),  # the machine slept
        (read(0, 0, 0), read(10, 4, 4), False),
        (read(0, 0, 0), read(10, 6, 6), True),  # one machine, both clocks
        (read(0, 0, 0), read(10, -60, -60), True),
        (read(0, 0, 0), read(10, 60, 0), True),  # the worker's own
        (read(0, 0, 0), read(10, 0, -60), True),  # the database's own
        (read(0, 60, 0), read(10, 0, 0), False),  # the worker's clock was wrong, and agrees now
        (read(0, 60, 0), read(10, 120, 0), True),
        (read(0, 60, 0), read(10, 60, 0), False),  # apart all the time: nothing has jumped
    ],
)
def test_a_jump_is_what_the_counted_seconds_do_not_explain(before: Reading, after: Reading, jumped: bool) -> None:
    assert has_jumped(before, after) is jumped


@pytest.mark.django_db(transaction=True)
def test_a_jump_is_told_until_something_was_done_about_it() -> None:
    """The database may be lost in the moment in which everything is to be held."""

    async def ask() -> list[bool]:
        engine = Engine(get_address())
        async with await engine.connect() as connection:
            told = [await engine.clocks.find_jump(connection)]
            engine.clocks.own = lambda: now() + timedelta(hours=1)
            told += [await engine.clocks.find_jump(connection) for _ in range(2)]
            assert told[1] == told[2]
            engine.clocks.note_held()
            told.append(await engine.clocks.find_jump(connection))
        return [each is not None for each in told]

    assert asyncio.run(ask()) == [False, True, True, False]


@pytest.mark.django_db(transaction=True)
def test_after_a_jump_nothing_is_sent_before_somebody_has_settled_it(
    practice: PracticeServer, workspace: Workspace
) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    with running_engine() as engine:
        wait_for_states(workspace, plan_post(workspace, [channel], "In time"), "sent")
        engine.clocks.own = lambda: now() + timedelta(hours=1)
        engine._wake.set()
        wait_until(lambda: stored(workspace).held_at)
        assert stored(workspace).held_reason == Held.CLOCK
        post = plan_post(workspace, [channel], "By which clock?")
        looks = engine.clocks._last
        engine._wake.set()
        wait_until(lambda: engine.clocks._last is not looks)
        assert [row.state for row in deliveries_of(workspace, post)] == ["scheduled"]
        assert [each["text"] for each in practice.truth()] == ["In time"]
        with workspace_scope(workspace.id):
            assert Notice.objects.filter(kind="workspace.held", path="settle/").count() == 1
            settle_workspace(actor(workspace), Settlement("send", "send"))
        wait_for_states(workspace, post, "sent")
    assert stored(workspace).held_at is None
