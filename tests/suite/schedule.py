"""Runs lanes side by side, as many as the machine has room for, and shows what each said when it is over."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.suite.lanes import Lane
from tests.suite.sources import ROOT

LONGEST, GRACE = 3600.0, 30.0
"""Seconds after which a lane is stuck, whatever the machine; and those in which it can say where."""


@dataclass
class Result:
    """What became of a lane; `quiet` are skips that no rule allows."""

    lane: Lane
    good: bool
    seconds: float
    cpu: float
    why: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    quiet: list[str] = field(default_factory=list)


@dataclass
class _Running:
    lane: Lane
    process: subprocess.Popen[bytes]
    folder: Path
    begun: float
    stuck: bool = False

    @property
    def log(self) -> Path:
        return self.folder / "output"

    @property
    def account(self) -> Path:
        return self.folder / "account.json"


class Schedule:
    """`room` is how many cores' worth of lanes runs at once. `pace`: how much slower this machine is than the one that
    the budgets were written for, at least 1.
    """

    def __init__(self, lanes: Sequence[Lane], room: float, pace: float) -> None:
        self._waiting = list(lanes)
        self._room, self._pace = room, pace
        self._running: list[_Running] = []
        self._folder = Path(tempfile.mkdtemp(prefix="kaja-tests-"))
        self.results: list[Result] = []

    def run(self) -> list[Result]:
        """All of them; one that fails stops no other."""
        told = time.monotonic()
        try:
            while self._waiting or self._running:
                while lane := self._next():
                    self._start(lane)
                time.sleep(0.1)
                for each in list(self._running):
                    if self._ends(each):
                        told = time.monotonic()
                if time.monotonic() - told > 60 and self._running:
                    names = ", ".join(
                        f"{each.lane.name} ({time.monotonic() - each.begun:.0f} s)" for each in self._running
                    )
                    print(f"... {names}", flush=True)
                    told = time.monotonic()
        finally:
            for each in self._running:
                _kill(each.process)
        if all(result.good for result in self.results):
            shutil.rmtree(self._folder, ignore_errors=True)
        else:
            print(f"\nWhat the lanes left lies in {self._folder}")
        return self.results

    def _next(self) -> Lane | None:
        """The first that there is room for. One that needs the machine for itself waits until nothing else is left."""
        free = self._room - sum(each.lane.load for each in self._running)
        for lane in self._waiting:
            if lane.alone:
                if self._running or any(not each.alone for each in self._waiting):
                    continue
            elif self._running and (lane.load > free or any(each.lane.alone for each in self._running)):
                continue
            self._waiting.remove(lane)
            return lane
        return None

    def _start(self, lane: Lane) -> None:
        folder = self._folder / lane.name
        (folder / "tmp").mkdir(parents=True)
        temporary = str(folder / "tmp")
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", "TMPDIR": temporary, "PYTEST_DEBUG_TEMPROOT": temporary}
        environment["KAJA_TEST_LANE"] = lane.name
        environment["KAJA_ONLY"] = " ".join(lane.only)
        # Two lanes that each compute on every core wait for each other.
        environment.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))
        command = lane.command(folder / "account.json", self._pace)
        if lane.polite:
            command = ["nice", "-n", str(lane.polite), *command]
        with (folder / "output").open("wb") as output:
            process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
        print(f"started {lane.name}: {lane.about}", flush=True)
        self._running.append(_Running(lane, process, folder, time.monotonic()))

    def _ends(self, each: _Running) -> bool:
        seconds = time.monotonic() - each.begun
        pid, status, usage = os.wait4(each.process.pid, os.WNOHANG)
        if not pid:
            if seconds > LONGEST:
                # Not waited for here: that would take from `wait4` what it is to give.
                last = seconds > LONGEST + GRACE
                if last or not each.stuck:
                    _signal(each.process, signal.SIGKILL if last else signal.SIGINT)
                each.stuck = True
            return False
        each.process.returncode = os.waitstatus_to_exitcode(status)
        self._running.remove(each)
        result = self._judge(each, seconds, usage.ru_utime + usage.ru_stime)
        self.results.append(result)
        print(f"\n===== {each.lane.name} =====\n{each.log.read_text(errors='replace').rstrip()}")
        word = "good" if result.good else f"FAILED: {result.why}"
        print(f"----- {each.lane.name}: {word} ({result.seconds:.0f} s, {result.cpu:.0f} CPU seconds)\n", flush=True)
        return True

    def _judge(self, each: _Running, seconds: float, cpu: float) -> Result:
        result = Result(each.lane, True, seconds, cpu)
        if each.stuck:
            result.why = f"stuck: it was ended after {LONGEST:.0f} s"
        if each.lane.files:
            try:
                told: dict[str, Any] = json.loads(each.account.read_text())
            except (OSError, ValueError):
                told = {"counts": {"error": 1}, "skipped in silence": []}
                result.why = result.why or "it ended before it was done"
            result.counts, result.quiet = told["counts"], told["skipped in silence"]
            if not result.counts.get("passed"):
                result.why = result.why or "no test passed"
        if each.process.returncode:
            result.why = result.why or f"exit code {each.process.returncode}"
        elif cpu > each.lane.budget * self._pace:
            allowed = each.lane.budget * self._pace
            result.why = f"over its budget: {cpu:.0f} CPU seconds, {allowed:.0f} are allowed (docs/testing.md)"
        result.good = not result.why
        return result


def _kill(process: subprocess.Popen[bytes]) -> None:
    """The whole group: a lane's servers end with it."""
    for number in (signal.SIGINT, signal.SIGKILL):
        _signal(process, number)
        with contextlib.suppress(subprocess.TimeoutExpired, ChildProcessError):
            process.wait(20)
            return


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def list_room() -> float:
    """Cores, and something for what waits more than it computes."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 2
    return cores + 0.75
