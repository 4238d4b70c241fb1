"""A whole Kaja for the browser: `kaja up` on a data folder of its own, and scenes planted in it."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.cli.conftest import Installation
from tests.practice.running import PracticeServer

ROOT = Path(__file__).resolve().parents[2]
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
        environment = {**self.environment, "DJANGO_SETTINGS_MODULE": "kaja.config.settings", "KAJA_LOG_LEVEL": "ERROR"}
        environment["KAJA_PRACTICE_URL"] = self.practice.url
        done = subprocess.run(
            [sys.executable, "-m", "tests.browser.scenes", scene, json.dumps(arguments)],
            cwd=ROOT, env=environment, capture_output=True, text=True, timeout=180, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-4000:]
        return dict(json.loads(done.stdout.splitlines()[-1]))

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(60)
        assert self._process.returncode == 0, self.installation.said()
