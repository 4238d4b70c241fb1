"""Child processes: started, watched, restarted after a crash, and ended in order."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from kaja.config import environment
from kaja.kernel.loops import WELL_AFTER, Loop, Row, describe_error, store_at
from kaja.kernel.postgres import Cluster, PostgresFailed, end_with_parent

LONGEST_PAUSE = 30.0
# A part that ran this long was healthy: its next crash is restarted at once.
HEALTHY_AFTER = 60.0

TELL_EVERY = 5.0


@dataclass
class Part:
    """One child process. `grace` is how many seconds it gets to end by itself."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    grace: float = 10.0
    quiet: bool = False  # what it prints to standard output is for machines
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    crashes: int = 0
    next_start: float = 0.0

    def start(self) -> None:
        # A session of its own: Ctrl-C in the terminal reaches only the supervisor, which stops the parts in order.
        self.process = subprocess.Popen(
            self.command,
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if self.quiet else None,
            start_new_session=True,
            preexec_fn=end_with_parent(signal.SIGTERM),
        )
        self.started = time.monotonic()

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def ask_to_end(self) -> None:
        if self.process and self.is_running():
            self.process.send_signal(signal.SIGTERM)

    def end(self, hurry: Callable[[], bool]) -> None:
        """Wait until the part has ended; kill it when its grace is over or somebody is in a hurry."""
        if self.process is None:
            return
        deadline = time.monotonic() + self.grace
        while self.is_running() and time.monotonic() < deadline and not hurry():
            time.sleep(0.02)
        if self.is_running():
            say(f"{self.name} did not end in time and is killed")
            self.process.kill()
        self.process.wait()

    def plan_restart(self) -> float:
        """Note a crash; returns the pause in seconds before the next start: 0, 1, 2, 4 ... 30."""
        now = time.monotonic()
        if now - self.started > HEALTHY_AFTER:
            self.crashes = 0
        pause = min(2.0 ** (self.crashes - 1), LONGEST_PAUSE) if self.crashes else 0.0
        self.crashes += 1
        self.next_start = now + pause
        return pause


def say(text: str) -> None:
    """A line for the operator."""
    sys.stderr.write(f"kaja: {text}\n")
    sys.stderr.flush()


def describe_end(code: int) -> str:
    """An exit code in words."""
    if code < 0:
        return f"was killed ({signal.Signals(-code).name})"
    return f"ended with code {code}"


def _store(row: Row) -> None:
    store_at(environment.get_database_url())(row)


def _make_account() -> Loop:
    return Loop("supervisor", store=_store, longest=2.0)


@dataclass
class Supervisor:
    """Keeps the parts and the embedded database running until a signal asks to stop."""

    parts: list[Part]
    cluster: Cluster | None = None
    signals: int = 0
    database_crashes: int = 0
    account: Loop = field(default_factory=_make_account)
    crashes: dict[str, Loop] = field(default_factory=dict)
    _last_rotation: float = field(default_factory=time.monotonic)

    def listen(self) -> None:
        """Turn SIGINT and SIGTERM into a clean stop; a second one hurries."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: object) -> None:
        self.signals += 1

    def watch(self) -> None:
        """Restart what crashed. Returns when a signal asked to stop; ends with an error only without a database."""
        told = time.monotonic()
        while not self.signals:
            pause = 0.1
            try:
                self.tick()
                self.account.note_well()
            except PostgresFailed:
                raise
            except Exception as error:  # noqa: BLE001 - the rule for loops: told, counted, begun again
                pause = self.account.note_failure(error)
                say(f"watching over the parts failed ({describe_error(error)}); again in {pause:.1f} s")
            if time.monotonic() - told > TELL_EVERY:
                told = time.monotonic()
                # In a thread, because the database may be what went down.
                threading.Thread(target=self._tell, daemon=True).start()
            time.sleep(pause)

    def _tell(self) -> None:
        for account in (self.account, *list(self.crashes.values())):
            account.tell()

    def tick(self) -> None:
        if self.cluster:
            self._watch_database(self.cluster)
        broken: Exception | None = None
        for part in self.parts:
            try:
                self._watch_part(part)
            except Exception as error:  # noqa: BLE001 - the other parts are watched all the same
                broken = error
        if broken is not None:
            raise broken

    def _watch_part(self, part: Part) -> None:
        if part.is_running():
            if part.name in self.crashes and time.monotonic() - part.started > WELL_AFTER:
                self.crashes[part.name].note_well()
            return
        if part.process is not None:
            ended = describe_end(part.process.returncode)
            pause = part.plan_restart()
            self._note_crash(part)
            part.process = None
            say(f"{part.name} {ended}; starting it again" + (f" in {pause:.0f} s" if pause else ""))
        if time.monotonic() >= part.next_start:
            part.start()

    def _note_crash(self, part: Part) -> None:
        """For `kaja doctor`, beside what is said here."""
        assert part.process is not None
        account = self.crashes.setdefault(part.name, Loop(f"process: {part.name}", store=_store))
        account.count(describe_end(part.process.returncode))

    def _watch_database(self, cluster: Cluster) -> None:
        if time.monotonic() - self._last_rotation > 60:
            self._last_rotation = time.monotonic()
            cluster.rotate_log()
        if cluster.process is None or cluster.process.poll() is None:
            return
        say(f"the database {describe_end(cluster.process.returncode)}; starting it again (its log: {cluster.log})")
        if self.database_crashes:
            time.sleep(min(2.0**self.database_crashes, LONGEST_PAUSE))
        self.database_crashes += 1
        cluster.start()  # raises PostgresFailed when it cannot be helped: then all of Kaja ends, loudly

    def stop(self) -> None:
        """End the parts (all are asked at once), then the database that they used."""
        for part in self.parts:
            part.ask_to_end()
        begun = self.signals
        for part in self.parts:
            part.end(lambda: self.signals > begun)
        if self.cluster:
            self.cluster.stop()
