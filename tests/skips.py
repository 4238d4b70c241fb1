"""On CI a skipped test fails the run, unless its reason is one that no machine here can help.

A reason is allowed by name, with the sentence that a reader sees; everything else is a test that quietly stopped.
"""

import os
from collections.abc import Iterator

import pytest

ALLOWED = (
    "needs macOS",
    "needs an account at the network itself",
    # Recordings of the networks' own documents, which are not ours to publish; where their folder is, none may lack.
    "needs the networks' contracts",
    "needs the Michigan tweet counts",
    "needs a container tool that runs here and reaches its images",
    # Only root may; the kernel's limit on the size of a file is tried for everybody.
    "needs the right to mount a small disk",
)


def refused(reports: list[pytest.TestReport] | list[pytest.CollectReport]) -> Iterator[tuple[str, str]]:
    """The node ids and reasons of skips that are not allowed."""
    for report in reports:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reason = reason.removeprefix("Skipped: ")
        if not any(reason.startswith(allowed) for allowed in ALLOWED):
            yield report.nodeid, reason


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if os.environ.get("CI") != "true":
        return
    for nodeid, reason in refused(terminalreporter.getreports("skipped")):
        terminalreporter.write_line(f"NOT ALLOWED TO SKIP {nodeid}: {reason}", red=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") != "true" or reporter is None or hasattr(session.config, "workerinput"):
        return
    if any(refused(reporter.getreports("skipped"))) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
