"""Errors that nobody foresaw, in the worker: one event, one row or one refusal of the database stops nothing else."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.db.models import F

from kaja.delivery.actions import tell_again
from kaja.delivery.engine import housekeeping
from kaja.delivery.events import DeliveryFailed
from kaja.delivery.models import UntoldEvent
from kaja.kernel import events, loops
from kaja.kernel.models import LoopRecord
from kaja.kernel.problems import NotFound
from kaja.kernel.tenancy import workspace_scope
from kaja.publishing.models import PostDelivery
from kaja.workspaces.models import Notice, Workspace
from tests.practice.running import PracticeServer
from tests.publishing.delivering import ACTOR, QUICK, connect_practice, plan_post, running_engine, wait_for_states
from tests.waiting import wait_until

CUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname LIKE '%kaja%' AND application_name LIKE 'kaja-worker:%'"
)
pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def breaking_handler(text: str) -> Iterator[None]:
    """Somebody listens for failed deliveries and breaks at posts with this text."""

    def handle(event: DeliveryFailed) -> None:
        if PostDelivery.objects.filter(id=event.delivery_id, variant__post__summary=text).exists():
            Notice.objects.create()  # an error of the database, which spoils the transaction

    events.subscribe(DeliveryFailed, handle)
    try:
        yield
    finally:
        events._handlers[DeliveryFailed].remove(handle)


def is_told(workspace: Workspace, post: Any) -> bool:
    with workspace_scope(workspace.id):
        return not PostDelivery.objects.filter(variant__post=post).exclude(announce="").exists()


def test_an_event_whose_handler_breaks_holds_up_no_other_and_is_told_when_it_is_mended(
    practice: PracticeServer, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "FIRST_PAUSE", 0.1)
    monkeypatch.setattr(housekeeping, "EVERY", 0.05)
    monkeypatch.setattr(housekeeping, "TELL_TRIES", 3)
    practice.set_faults(refuse={"probability": 1, "on": ["publish"]})
    channel = connect_practice(practice, workspace, "bakery")
    with breaking_handler("Breaks"), running_engine():
        bad = plan_post(workspace, [channel], "Breaks")
        wait_for_states(workspace, bad, "failed")
        good = plan_post(workspace, [channel], "Does not")
        wait_for_states(workspace, good, "failed")
        wait_until(lambda: is_told(workspace, good))
        with workspace_scope(workspace.id):
            assert Notice.objects.filter(params__post="Does not").exists()

        def set_aside() -> bool:
            with workspace_scope(workspace.id):
                return UntoldEvent.objects.filter(next_at=None).exists()

        wait_until(set_aside)
        with workspace_scope(workspace.id):
            [untold] = UntoldEvent.objects.all()
            assert (untold.tries, untold.event) == (3, "failed")
            assert not Notice.objects.filter(params__post="Breaks").exists()
        assert not is_told(workspace, bad)
        with workspace_scope(workspace.id):
            tell_again(ACTOR, untold.id)
        wait_until(set_aside)  # it broke once more, as often as before
        with workspace_scope(workspace.id):
            assert UntoldEvent.objects.get().tries == 3
    with running_engine():  # another worker, in which the handler is fixed
        wait_until(lambda: is_told(workspace, bad))
    with workspace_scope(workspace.id):
        assert Notice.objects.filter(params__post="Breaks").exists()
        assert not UntoldEvent.objects.exists()


def test_what_was_set_aside_is_told_when_somebody_asks_for_it(
    practice: PracticeServer, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without another worker: what broke is fixed in the database, for example."""
    monkeypatch.setattr(housekeeping, "FIRST_PAUSE", 0.1)
    monkeypatch.setattr(housekeeping, "EVERY", 0.05)
    monkeypatch.setattr(housekeeping, "TELL_TRIES", 2)
    practice.set_faults(refuse={"probability": 1, "on": ["publish"]})
    channel = connect_practice(practice, workspace, "bakery")
    with running_engine():
        with breaking_handler("Breaks"):
            post = plan_post(workspace, [channel], "Breaks")
            untold = wait_until(lambda: _set_aside(workspace))
        with workspace_scope(workspace.id):
            tell_again(ACTOR, untold.id)
        wait_until(lambda: is_told(workspace, post))
    with workspace_scope(workspace.id):
        assert Notice.objects.filter(params__post="Breaks").exists()
        with pytest.raises(NotFound):
            tell_again(ACTOR, untold.id)


def _set_aside(workspace: Workspace) -> UntoldEvent | None:
    with workspace_scope(workspace.id):
        return UntoldEvent.objects.filter(next_at=None).first()


@contextmanager
def read_only() -> Iterator[None]:
    """As after a failover: new sessions of the database may read, and change nothing; the old ones are cut."""
    name = connection.settings_dict["NAME"]
    with psycopg.connect(os.environ["KAJA_TEST_POSTGRES"], autocommit=True) as own:
        own.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
        try:
            own.execute(CUT)
            yield
        finally:
            own.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
            own.execute(CUT)


def start_worker(**settings: str) -> subprocess.Popen[str]:
    """`kaja worker` on the test's database."""
    at = connection.settings_dict
    address = f"postgresql://{at['USER']}:{at['PASSWORD']}@{at['HOST']}:{at['PORT']}/{at['NAME']}"
    return subprocess.Popen(
        [sys.executable, "-m", "kaja.delivery.worker"],
        env={**os.environ, "DATABASE_URL": address, "KAJA_WORKER_JOBS": "0", **settings},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_worker_that_cannot_write_says_so_and_ends(practice: PracticeServer, workspace: Workspace) -> None:
    """Whoever looks after it (`kaja up`, systemd) starts another; alive and idle it would look well for ever."""
    channel = connect_practice(practice, workspace, "bakery")
    practice.set_faults(delay={"seconds": 4, "on": ["publish"]})
    worker = start_worker(KAJA_PACE_WRITE_PATIENCE="0.3", KAJA_PACE_LEASE="30")
    try:
        post = plan_post(workspace, [channel], "Under way")
        wait_until(lambda: practice.truth(contains="Under way"))
        with read_only():
            _, said = worker.communicate(timeout=60)
        assert worker.returncode == 1, said
        assert "takes no writes" in said
    finally:
        worker.kill()
    # What it had begun is judged by its journal, as after any death.
    wait_for_states(workspace, post, "sending")


def test_a_writer_outlives_a_database_that_is_read_only_for_a_moment(
    practice: PracticeServer, workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    practice.set_faults(delay={"seconds": 2, "on": ["publish"]})
    with caplog.at_level(logging.WARNING), running_engine(replace(QUICK, lease=60.0, write_patience=60.0)):
        post = plan_post(workspace, [channel], "Under way")
        wait_until(lambda: practice.truth(contains="Under way"))
        with read_only():
            wait_until(lambda: "deliveries: journal: ReadOnlySqlTransaction" in caplog.text)
        wait_for_states(workspace, post, "sent")
    assert len(practice.truth(contains="Under way")) == 1


def test_how_each_loop_fares_is_kept_for_all_to_see(
    practice: PracticeServer, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loops, "WELL_AFTER", 0.1)
    with running_engine():
        wait_until(lambda: _find("deliveries: claim", failures=0))
        with psycopg.connect(os.environ["KAJA_TEST_POSTGRES"], autocommit=True) as own:
            own.execute(CUT)
        wait_until(lambda: _find("deliveries: claim", failures__gte=1))
        wait_until(lambda: _find("deliveries: claim", failures__gte=1, well_at__gt=F("failed_at")))
        wait_for_states(
            workspace, plan_post(workspace, [connect_practice(practice, workspace, "a")], "Goes on"), "sent"
        )


def _find(name: str, **how: Any) -> bool:
    return LoopRecord.objects.filter(name=name, **how).exists()
