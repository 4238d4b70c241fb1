"""Looking after the parts goes on whatever goes wrong with one of them."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from kaja.cli.supervisor import Part, Supervisor
from kaja.kernel.loops import Loop
from tests.waiting import wait_until

WAITING = [sys.executable, "-c", "import time; time.sleep(600)"]


@contextmanager
def watching(supervisor: Supervisor) -> Iterator[None]:
    thread = threading.Thread(target=supervisor.watch)
    thread.start()
    try:
        yield
        assert thread.is_alive()
    finally:
        supervisor.signals = 1
        thread.join(120)
        supervisor.stop()


def keep_nothing(row: object) -> None:
    """Another test looks at what is stored."""


def test_a_part_that_cannot_be_started_holds_up_no_other(capfd: pytest.CaptureFixture[str]) -> None:
    broken, good = Part("broken", ["/nowhere/no-such-program"]), Part("good", WAITING, grace=1.0)
    supervisor = Supervisor([broken, good], account=Loop("supervisor", keep_nothing, longest=0.1))
    with watching(supervisor):
        wait_until(good.is_running)
        wait_until(lambda: supervisor.account.failures >= 3)
        assert good.process is not None
        good.process.kill()
        first = good.process.pid
        wait_until(lambda: good.process is not None and good.process.pid != first and good.is_running())
        broken.command = WAITING  # somebody fixed it
        wait_until(broken.is_running)
    assert "FileNotFoundError" in capfd.readouterr().err
    assert supervisor.crashes["good"].error == "was killed (SIGKILL)"
