"""Whatever happens on the other side of the border becomes a reason, and the next call works."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kaja.border import Declined, ForeignTrouble, end_outposts, pool, run_bounded
from tests.border import foreign
from tests.waiting import wait_until


def test_what_crosses_the_border_arrives_as_it_was() -> None:
    value = {"a": [1, 2.5, None, True, "кохв"], "b": b"\0\xff", "c": (b"", ("x", b"y")), "d": {}}
    assert run_bounded(foreign.echo, value) == value


def test_what_cannot_travel_is_an_error_of_the_caller() -> None:
    with pytest.raises(TypeError):
        run_bounded(foreign.echo, object())
    assert run_bounded(foreign.shout, "after") == "AFTER"


def test_a_reason_of_the_function_comes_back() -> None:
    with pytest.raises(Declined) as caught:
        run_bounded(foreign.decline)
    assert (caught.value.reason, caught.value.facts) == ("no_picture", {"width": 3})


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        (foreign.stumble, "error"),
        (foreign.hang, "time"),
        (foreign.sleep, "time"),
        (foreign.fill, "memory"),
        (foreign.die, "memory"),
        (foreign.crash, "crash"),
        (foreign.leave, "crash"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_every_end_becomes_a_reason_and_the_next_call_works(function: Callable[[], Any], kind: str) -> None:
    with pytest.raises(ForeignTrouble) as caught:
        run_bounded(function, seconds=1, memory=500_000_000)
    assert caught.value.kind == kind
    assert run_bounded(foreign.shout, "next") == "NEXT"


def test_limits_of_one_call_do_not_narrow_the_next() -> None:
    first = run_bounded(foreign.process, seconds=1, memory=50_000_000)
    assert run_bounded(foreign.much, 150_000_000, memory=500_000_000) == b"x" * 150_000_000
    with pytest.raises(ForeignTrouble):
        run_bounded(foreign.much, 150_000_000, memory=100_000_000)
    assert run_bounded(foreign.process) != first


def test_an_outpost_that_kept_much_gets_no_further_call() -> None:
    for _ in range(5):
        large = run_bounded(foreign.keep, memory=500_000_000)
        assert run_bounded(foreign.process) != large


def test_an_open_file_is_read_by_position(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(b"0123456789")
    with path.open("rb") as file:
        assert file.read(2) == b"01"
        assert run_bounded(foreign.read_middle, file) == b"3456"
        assert file.read() == b"23456789"
    assert run_bounded(foreign.read_path, path) == b"0123456789"


def test_an_outpost_has_no_secrets_and_writes_nothing(tmp_path: Path) -> None:
    assert "KAJA_KEYS" in os.environ
    assert not [name for name in run_bounded(foreign.environment) if name.startswith(("KAJA", "DATABASE"))]
    with pytest.raises(ForeignTrouble):
        run_bounded(foreign.write, tmp_path / "file")
    assert not (tmp_path / "file").exists() or not (tmp_path / "file").read_bytes()


def test_no_more_outposts_than_agreed_and_others_wait() -> None:
    end_outposts()
    seen: list[int] = []
    threads = [threading.Thread(target=lambda: seen.append(run_bounded(foreign.process))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 12
    assert len(set(seen)) <= pool.OUTPOSTS


def test_who_gets_no_turn_is_told_so() -> None:
    def occupy() -> None:
        with pytest.raises(ForeignTrouble):
            run_bounded(foreign.sleep, seconds=1)

    busy = [threading.Thread(target=occupy) for _ in range(pool.OUTPOSTS)]
    for thread in busy:
        thread.start()
    wait_until(lambda: not pool._turns._value)
    with pytest.raises(ForeignTrouble) as caught:
        run_bounded(foreign.shout, "me", wait=0.1)
    assert caught.value.kind == "busy"
    for thread in busy:
        thread.join()


def test_idle_outposts_end() -> None:
    number = run_bounded(foreign.process)
    end_outposts()
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)


def is_there(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_an_outpost_ends_with_its_parent_however_that_ends() -> None:
    program = (
        "from kaja.border import run_bounded; from tests.border import foreign; import time;"
        "print(run_bounded(foreign.process), flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        number = int(parent.stdout.readline())
        assert is_there(number)
        parent.send_signal(signal.SIGKILL)
    wait_until(lambda: not is_there(number), 30)
