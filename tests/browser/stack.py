"""A whole Kaja for the browser: `kaja up` on a data folder of its own, and scenes planted in it."""

import contextlib
import json
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.browser.scenes import MADE
from tests.cli.conftest import Installation
from tests.practice.running import PracticeServer

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 300
"""Seconds until a scene counts as stuck."""
# Nobody waits a quarter of an hour for the moment in which Kaja asks a person.
# The practice network stores what it takes at once, and lists it late by 3 s at most.
PACE = {
    "KAJA_PACE_FIRST_LOOK": "0.2", "KAJA_PACE_LOOK_TRIES": "2", "KAJA_PACE_PAUSE_FIRST": "0.3", "KAJA_PACE_SETTLE": "8",
}  # fmt: skip


class RunningPractice(PracticeServer):
    """The practice network that the stack has started, for those who turn its faults on and count what stands there."""

    def __init__(self, port: int, folder: Path) -> None:
        self.port, self.folder = port, folder
        self.url = f"http://127.0.0.1:{port}"


class Stack:
    """Web server, worker, practice network and database as real processes. End them with `stop`."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.installation = Installation(
            folder / "home", settings={"KAJA_ALLOW_PRIVATE_HOSTS": "127.0.0.1", **settings}
        )
        self.environment = self.installation.environment()
        self._planter: Planter | None = None
        self._process = self.installation.up()
        parts = {"postgres", "practice", "web", "worker"}
        self.installation.wait_for(lambda: self.installation.children().keys() >= parts)
        self.url = f"http://127.0.0.1:{self.installation.port}"
        self.practice = RunningPractice(int(self.environment["KAJA_PRACTICE_PORT"]), folder / "home" / "practice")
        self.installation.wait_for(self._practice_answers)

    def _practice_answers(self) -> bool:
        try:
            return self.practice.call("GET", "/").status == 200
        except OSError:
            return False

    def plant(self, scene: str, **arguments: Any) -> dict[str, Any]:
        """Run a function of `scenes.py` inside the application; what it returns."""
        if self._planter is None:
            self._planter = Planter(self.environment, self.practice.url, self.installation.home.parent / "planter.log")
        try:
            return self._planter.plant(scene, arguments)
        except (AssertionError, OSError):
            self._end_planter()
            raise

    def _end_planter(self) -> None:
        if self._planter is not None:
            self._planter.end()
            self._planter = None

    def stop(self) -> None:
        self._end_planter()
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(60)
        assert self._process.returncode == 0, self.installation.said()


class Planter:
    """The process that plants one scene after the other."""

    def __init__(self, environment: dict[str, str], practice: str, log: Path) -> None:
        self._log = log
        more = {
            "DJANGO_SETTINGS_MODULE": "kaja.config.settings",
            "KAJA_LOG_LEVEL": "ERROR",
            "KAJA_PRACTICE_URL": practice,
        }
        with log.open("ab") as said:
            # Without a buffer: what has come is what `select` sees.
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.browser.scenes"], cwd=ROOT, env={**environment, **more}, bufsize=0,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said,
            )  # fmt: skip

    def plant(self, scene: str, arguments: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([scene, arguments]).encode() + b"\n")
        while True:
            ready, _, _ = select.select([self._process.stdout], [], [], PATIENCE)
            assert ready, f"{scene} is not planted after {PATIENCE} s"
            line = self._process.stdout.readline().decode()
            assert line, f"{scene}: {self._log.read_text(errors='replace')[-4000:]}"
            if line.startswith(MADE):
                return dict(json.loads(line.removeprefix(MADE)))

    def end(self) -> None:
        assert self._process.stdin
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(60)
        assert self._process.stdout
        self._process.stdout.close()
