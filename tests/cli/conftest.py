"""Kaja as an operator runs it: real processes on a data folder of their own."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.ports import free_port


@dataclass
class Installation:
    """A data folder, and the command line working on it."""

    home: Path
    port: int = field(default_factory=free_port)
    settings: dict[str, str] = field(default_factory=dict)
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    def environment(self) -> dict[str, str]:
        clean = {n: v for n, v in os.environ.items() if not n.startswith(("KAJA_", "DATABASE_URL", "PYTEST"))}
        return {
            **clean,
            "KAJA_HOME": str(self.home),
            "KAJA_PORT": str(self.port),
            # Nobody but the tests says anything, unless one wants to hear the audience.
            "KAJA_PRACTICE_MOOD": "off",
            "KAJA_PRACTICE_PORT": str(self.settings.pop("practice_port", None) or self._practice_port()),
            **self.settings,
        }

    def _practice_port(self) -> int:
        if not hasattr(self, "_chosen"):
            self._chosen = free_port()
        return self._chosen

    def kaja(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "kaja", *arguments],
            capture_output=True, text=True, input=given, env=self.environment(), timeout=300, check=False,
        )  # fmt: skip

    def python(self, code: str) -> subprocess.CompletedProcess[str]:
        """Run code inside this installation's application."""
        code = "from kaja.cli.application import application\nwith application():\n" + "\n".join(
            f"    {line}" for line in code.strip().splitlines()
        )
        environment = {**self.environment(), "DJANGO_SETTINGS_MODULE": "kaja.config.settings"}
        return subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=300, check=False
        )

    def up(self) -> subprocess.Popen[str]:
        """Start all of it and wait for the first page."""
        with (self.home.parent / f"up-{len(self.running)}.log").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "kaja", "up"], stdout=log, stderr=log, text=True, env=self.environment()
            )
        self.running.append(process)
        self.wait_for(lambda: process.poll() is not None or self.answers())
        assert process.poll() is None, self.said()
        return process

    def said(self) -> str:
        """What the last `kaja up` printed."""
        return (self.home.parent / f"up-{len(self.running) - 1}.log").read_text()

    def get(self, path: str) -> tuple[int, str, dict[str, str]]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=60) as answer:
                return answer.status, answer.read().decode(), dict(answer.headers)
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(), dict(error.headers)

    def answers(self) -> bool:
        try:
            return self.get("/readyz")[0] == 200
        except OSError:
            return False

    def wait_for(self, what: Callable[[], bool], seconds: float = 240) -> None:
        deadline = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.1)

    def children(self) -> dict[str, int]:
        """Process ids by part, of the running `kaja up`."""
        found = {}
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit():
                continue
            try:
                words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
                parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError):
                continue
            if self.running and parent == self.running[-1].pid:
                part = "postgres" if words[0].endswith("postgres") else words[3] if len(words) > 3 else words[-1]
                found["practice" if "kaja.practice" in words else part] = int(folder.name)
        return found

    def leftovers(self) -> list[str]:
        """Every process that still works on this data folder."""
        found = []
        for folder in Path("/proc").iterdir():
            try:
                if folder.name.isdigit() and int(folder.name) != os.getpid():
                    words = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
                    if str(self.home).encode() in words:
                        found.append(words[:200].decode(errors="replace"))
            except OSError:
                continue
        return found


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """Nothing is there yet."""
    made = Installation(tmp_path / "home")
    yield made
    for process in made.running:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(120)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder as `kaja migrate` leaves it: keys, a database with all tables, static files."""
    made = Installation(tmp_path_factory.mktemp("prepared") / "home")
    done = made.kaja("migrate", "--quiet")
    assert done.returncode == 0, done.stderr
    # The machine itself does not go down in a test: what a killed server has written is there.
    with (made.home / "postgres/data/postgresql.conf").open("a") as settings:
        settings.write("fsync = off\n")
    return made.home


@pytest.fixture
def installed(installation: Installation, prepared: Path) -> Installation:
    """After its first start: a copy of one that was prepared for all tests that are not about the first start."""
    subprocess.run(["cp", "-a", str(prepared), str(installation.home)], check=True)
    return installation


@pytest.fixture
def as_json() -> Callable[[subprocess.CompletedProcess[str]], object]:
    return lambda done: json.loads(done.stdout)
