"""What each test costs: CPU seconds of its process and of what it waited for, which do not depend on how busy the
machine is. `--most` fails a run in which a step of a test costs more; `--account` writes it all down for the runner.
"""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from tests.skips import refused

pytest_plugins = ["tests.suite.properties"]


def spent() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


class Until:
    """Starts no further test when the time is over. Of several processes each does it by itself: what was dealt out to
    them is theirs, and half of all tests is dealt out at once."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.begun = time.monotonic()
        self.stopped = False
        self.session: pytest.Session | None = None

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        self.session = session

    def pytest_runtest_logreport(self) -> None:
        if not self.stopped and self.session and time.monotonic() - self.begun > self.seconds:
            self.stopped = True
            # With several processes it is their distributor who ends the run.
            looks: Any = self.session.config.pluginmanager.get_plugin("dsession") or self.session
            looks.shouldstop = f"{self.seconds:.0f} seconds are over; the tests that are further away did not run"


class Account:
    """One run's list: of each test its outcome, seconds and CPU seconds."""

    def __init__(self, most: float, until: Until | None) -> None:
        self.most, self.until = most, until
        self.tests: dict[str, dict[str, Any]] = {}
        self.over: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        cpu = getattr(report, "cpu", 0.0)
        kept = self.tests.setdefault(report.nodeid, {"outcome": "passed", "seconds": 0.0, "cpu": 0.0})
        kept["seconds"] += report.duration
        kept["cpu"] += cpu
        if report.outcome != "passed":
            kept["outcome"] = report.outcome if report.when == "call" or report.outcome == "skipped" else "error"
        if self.most and cpu > self.most:
            self.over.append(f"{report.nodeid} ({report.when}): {cpu:.1f} CPU seconds, {self.most:.0f} are allowed")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        reporter: Any = session.config.pluginmanager.get_plugin("terminalreporter")
        if self.until and self.until.stopped and session.exitstatus == pytest.ExitCode.INTERRUPTED:
            bad = reporter.stats.get("failed") or reporter.stats.get("error")
            session.exitstatus = pytest.ExitCode.TESTS_FAILED if bad else pytest.ExitCode.OK
        if self.over and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        if file := session.config.getoption("--account"):
            counts = {kind: len(reporter.stats.get(kind, ())) for kind in ("passed", "failed", "error", "skipped")}
            quiet = [f"{nodeid}: {reason}" for nodeid, reason in refused(reporter.getreports("skipped"))]
            told = {"counts": counts, "skipped in silence": quiet, "over": self.over, "tests": self.tests}
            Path(file).write_text(json.dumps(told, indent=1))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for line in self.over:
            terminalreporter.write_line(f"OVER ITS BUDGET {line}", red=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("kaja")
    group.addoption("--account", default="", help="write what each test cost into this file")
    group.addoption("--until", type=float, default=0.0, help="start no further test after so many seconds")
    group.addoption("--most", type=float, default=0.0, help="CPU seconds that one step of a test may cost")


def pytest_configure(config: pytest.Config) -> None:
    until = Until(seconds) if (seconds := config.getoption("--until")) else None
    if until:
        config.pluginmanager.register(until, "kaja-until")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Account(config.getoption("--most"), until), "kaja-account")


_before = 0.0


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logstart() -> None:
    global _before
    _before = spent()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Any:
    """A step is over: setting up (with what many tests share), the test itself, taking down."""
    global _before
    report = yield
    after = spent()
    report.cpu, _before = round(after - _before, 3), after
    return report
