"""SIGTERM to a real worker process: what is under way is finished and written, and it ends in time."""

import signal
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from kaja.delivery.worker.main import STOP_WITHIN
from tests.chaos.world import Account, World
from tests.waiting import wait_until

SUPERVISOR_KILLS_AFTER = 30.0  # cli/supervisor.py
SLACK = 60.0  # the machine may be busy; a worker that waits for its lease of 900 s is not excused by it
PACE = {"lease": 900, "poll": 0.5}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    world = World(tmp_path_factory.mktemp("stop"), PACE)
    yield world
    world.close()


def is_connected(world: World, pid: int) -> bool:
    return bool(world.query("SELECT 1 FROM pg_stat_activity WHERE application_name = %s", [f"kaja-worker:{pid}"]))


@pytest.fixture(scope="module")
def accounts(world: World) -> list[Account]:
    return world.add_accounts(5, ["plain"])


def send_slowly(world: World, accounts: list[Account], name: str, seconds: float) -> list[str]:
    """Posts that the network has taken and not yet answered."""
    texts = [f"{name} {place}" for place in range(len(accounts))]
    world.practice.set_faults(delay={"seconds": seconds, "on": ["publish"]})
    due_at = datetime.now(UTC)
    world.plan_posts((account, text, due_at) for account, text in zip(accounts, texts, strict=True))
    wait_until(lambda: len(world.practice.truth(contains=f"{name} ")) == len(texts))
    return texts


def stop(world: World, number: int = signal.SIGTERM) -> bool:
    (worker,) = world.workers
    worker.send(signal.Signals(number))
    ended = worker.wait(SUPERVISOR_KILLS_AFTER + SLACK)
    if ended:
        world.workers.remove(worker)
    return ended


def test_the_worker_gives_up_before_it_is_killed() -> None:
    assert STOP_WITHIN < SUPERVISOR_KILLS_AFTER


def test_an_idle_worker_ends(world: World) -> None:
    worker = world.start_worker()
    wait_until(lambda: is_connected(world, worker.pid))
    assert stop(world)
    assert not is_connected(world, worker.pid)


def test_a_busy_worker_writes_what_it_was_told(world: World, accounts: list[Account]) -> None:
    world.start_worker()
    texts = send_slowly(world, accounts, "busy", 2.0)
    assert stop(world)
    assert world.states() == {"sent": len(texts)}


def test_a_worker_whose_database_is_gone_ends_all_the_same(world: World, accounts: list[Account]) -> None:
    world.start_worker()
    send_slowly(world, accounts, "gone", 2.0)
    world.cluster.stop()
    try:
        assert stop(world), "it must not wait for the end of its lease"
    finally:
        world.cluster.start()
    # Nothing is lost: the journal shows the begun calls to the next worker.
    assert world.states() == {"sent": 5, "sending": 5}
