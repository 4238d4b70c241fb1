"""A whole Kaja for destruction: its own PostgreSQL, a practice network, and worker processes that may be killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from kaja.channels.sessions import render_facts
from kaja.channels.vault import bound_to
from kaja.delivery.planning import AHEAD
from kaja.kernel.ids import new_id
from kaja.kernel.postgres import Cluster, grant_to_app
from kaja.kernel.vault import KeyRing, Vault
from kaja.networks.practice.answers import parse_facts
from tests.practice.running import PracticeServer

ROOT = Path(__file__).resolve().parents[2]
KINDS = ("plain", "keyed", "staged")
# The operating system outlives these tests, so only what survives a killed server counts: commits stay synchronous.
SERVER = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "on", "max_connections": "60"}


@dataclass(frozen=True)
class Account:
    """A channel of the workspace on the practice network."""

    id: UUID
    name: str
    kind: str
    token: str = ""


@dataclass(frozen=True)
class Worker:
    """A worker process; its parent is the nursery."""

    pid: int

    def is_alive(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def send(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def wait(self, seconds: float) -> bool:
        """Whether it ended in this time."""
        end = time.monotonic() + seconds
        while self.is_alive():
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return True


class World:
    """Everything lives under `folder`; `close` ends every process."""

    def __init__(self, folder: Path, pace: Mapping[str, Any], settings: Mapping[str, str] = SERVER) -> None:
        self.folder = folder
        self.ring = KeyRing.generate()
        self.cluster = Cluster(folder / "postgres", dict(settings))
        self.cluster.start()
        self.cluster.ensure_roles()
        self.practice = PracticeServer(folder / "practice")
        (folder / "home" / "incoming").mkdir(parents=True)
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("KAJA_")},
            "DJANGO_SETTINGS_MODULE": "kaja.config.settings",
            "DATABASE_URL": self.cluster.url(),
            "KAJA_HOME": str(folder / "home"),
            "KAJA_SECRET_KEY": "only-for-tests",
            "KAJA_KEYS": self.ring.render(),
            "KAJA_ALLOW_PRIVATE_HOSTS": "127.0.0.1",
            "KAJA_PRACTICE_URL": self.practice.url,
            "KAJA_WORKER_JOBS": "0",
            "KAJA_LOG_LEVEL": "WARNING",
            **{f"KAJA_PACE_{name.upper()}": str(value) for name, value in pace.items()},
        }
        self.workers: list[Worker] = []
        self._nursery: subprocess.Popen[str] | None = None
        self._log = (folder / "workers.log").open("ab")
        self.workspace = new_id()
        try:
            self._migrate()
            self._add_workspace()
        except BaseException:
            self.close()
            raise

    def _give_defaults(self) -> None:
        """Django gives a new row its empty values, the database does not; planting bypasses Django."""
        with self.connect() as connection:
            bare = connection.execute(
                "SELECT table_name, column_name, data_type FROM information_schema.columns"
                " WHERE table_schema = 'public' AND is_nullable = 'NO' AND column_default IS NULL"
                " AND (table_name IN ('workspaces_workspace', 'content_post', 'content_variant', 'publishing_delivery')"
                " OR table_name LIKE 'inbox_%'::text)"
            ).fetchall()
            for table, column, kind in bare:
                zero = dict.fromkeys(("integer", "smallint"), "0")
                empty = {"character varying": "''", "text": "''", "boolean": "false", "jsonb": "'{}'", **zero}
                if kind in empty:
                    connection.execute(f'ALTER TABLE {table} ALTER "{column}" SET DEFAULT {empty[kind]}')

    def _add_workspace(self) -> None:
        self._give_defaults()
        with self.connect() as connection:
            connection.execute(
                "INSERT INTO workspaces_workspace (id, name, slug, time_zone, language, late_limit_minutes, created_at)"
                " VALUES (%s, 'Storm', 'storm', 'UTC', 'en', 600, now())",
                [self.workspace],
            )

    def _migrate(self) -> None:
        environment = {**self.environment, "DATABASE_URL": self.cluster.url("kaja_owner")}
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "-v", "0"], cwd=ROOT, env=environment, check=True, timeout=300
        )
        with psycopg.connect(self.cluster.url("kaja_owner"), autocommit=True) as connection:
            grant_to_app(connection)

    def connect(self) -> psycopg.Connection[Any]:
        """As the administrator, who sees every row: for planting and for counting."""
        return psycopg.connect(self.cluster.url("postgres"), autocommit=True)

    def query(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self.connect() as connection:
            return connection.execute(statement, parameters).fetchall()

    # Planting

    def add_accounts(self, number: int, kinds: Sequence[str] = KINDS) -> list[Account]:
        accounts = []
        vault = Vault(self.ring)
        with self.connect() as connection, connection.cursor() as cursor:
            columns = (
                "id, workspace_id, network, account_id, base_url, name, handle, url, avatar_url, credentials, facts, "
                "health, health_failures, created_at"
            )
            with cursor.copy(f"COPY channels_channel ({columns}) FROM STDIN") as copy:
                copy.set_types(["uuid", "uuid", *["varchar"] * 7, "bytea", "jsonb", "varchar", "int2", "timestamptz"])
                for place in range(number):
                    account = Account(new_id(), f"storm-{place}", kinds[place % len(kinds)])
                    told = self.practice.call(
                        "POST", "/api/v1/accounts", {"name": account.name, "kind": account.kind}
                    ).json()
                    account = replace(account, token=told["token"])
                    facts = parse_facts(told["account"])
                    sealed = vault.seal(json.dumps({"token": told["token"]}).encode(), bound_to=bound_to(account.id))
                    copy.write_row(
                        (
                            account.id, self.workspace, "practice", facts.account_id, self.practice.url, facts.name,
                            facts.handle, "", "", sealed, Jsonb(render_facts(facts)), "ok", 0,
                            datetime.now().astimezone(),
                        )
                    )  # fmt: skip
                    accounts.append(account)
        return accounts

    def plan_posts(self, posts: Iterable[tuple[Account, str, datetime]]) -> int:
        """One post with one part on one channel each, planned for its instant."""
        rows = [(account, text, due_at, new_id(), new_id(), new_id()) for account, text, due_at in posts]
        now = datetime.now().astimezone()
        with self.connect() as connection, connection.cursor() as cursor:
            with cursor.copy(
                "COPY content_post (id, workspace_id, state, document, summary, due_at, revision, position, created_at,"
                " updated_at) FROM STDIN"
            ) as copy:
                for _, text, due_at, post, _, _ in rows:
                    document = {"parts": [{"text": text, "media": []}], "first_comment": "", "language": ""}
                    copy.write_row(
                        (post, self.workspace, "scheduled", json.dumps(document), text, due_at, 1, 0.0, now, now)
                    )
            with cursor.copy(
                "COPY content_variant (id, workspace_id, post_id, channel_id, overrides, options) FROM STDIN"
            ) as copy:
                for account, _, _, post, variant, _ in rows:
                    copy.write_row((variant, self.workspace, post, account.id, "{}", "{}"))
            with cursor.copy(
                "COPY publishing_delivery (id, workspace_id, variant_id, channel_id, kind, position, state, due_at,"
                " next_at, fence, stage, checkpoint, post_revision, attempts_made, tries, needs_person, candidates,"
                " remote_id, remote_url, announce, created_at, updated_at, stages_ahead, ahead_at) FROM STDIN"
            ) as copy:
                for account, _, due_at, _, variant, delivery in rows:
                    ahead = due_at - AHEAD if account.kind == "staged" else None
                    copy.write_row(
                        (
                            delivery, self.workspace, variant, account.id, "post", 0, "scheduled", due_at, due_at, 0,
                            "", "{}", 1, 0, 0, False, "[]", "", "", "", now, now, ahead is not None, ahead,
                        )
                    )  # fmt: skip
            connection.execute("ANALYZE")
            connection.execute("SELECT pg_notify('kaja_due', '')")
        return len(rows)

    # Workers

    def start_worker(self) -> Worker:
        if self._nursery is None:
            self._nursery = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.nursery"],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                text=True,
            )
        assert self._nursery.stdin is not None
        assert self._nursery.stdout is not None
        self._nursery.stdin.write("start\n")
        self._nursery.stdin.flush()
        worker = Worker(int(self._nursery.stdout.readline()))
        self.workers.append(worker)
        return worker

    def kill_worker(self, worker: Worker) -> None:
        worker.send(signal.SIGKILL)
        worker.wait(10)
        self.workers.remove(worker)

    def restart_postgres(self, *, crash: bool) -> None:
        """Orderly, or with every session and the server killed in the middle of what they do."""
        assert self.cluster.process is not None
        if crash:
            self.cluster.process.send_signal(signal.SIGQUIT)
            self.cluster.process.wait(30)
        else:
            self.cluster.stop()
        self.cluster.start()

    def close(self) -> None:
        for worker in self.workers:
            worker.send(signal.SIGCONT)
            worker.send(signal.SIGTERM)
        for worker in self.workers:
            if not worker.wait(20):
                worker.send(signal.SIGKILL)
                worker.wait(10)
        if self._nursery is not None:
            self._nursery.communicate(timeout=20)
        self.practice.stop()
        self.cluster.stop()
        self._log.close()

    # Counting

    def states(self) -> dict[str, int]:
        rows = self.query(
            "SELECT CASE WHEN needs_person THEN 'needs a person: ' ELSE '' END || state, count(*)"
            " FROM publishing_delivery GROUP BY 1"
        )
        return {str(state): int(number) for state, number in rows}
