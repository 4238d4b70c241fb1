"""The databases of the tests: one server for a run, a migrated template on it, and a copy of that for each process."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from kaja.kernel.postgres import APP, OWNER, Cluster, ensure_roles
from tests.suite.tables import list_deciding

SERVER = "KAJA_TEST_POSTGRES"
"""A superuser's address of the server that the tests use; whoever starts one says it to its children."""
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "300"}
ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / ".cache" / "suite" / "postgres"
# Whoever makes the template holds this lock; the others wait for it.
MAKING = 20261129


def start_server() -> Callable[[], None]:
    """Start a PostgreSQL for this process and its children; gives what ends it.

    Stopped, it is kept with its template and copied the next time: a run of one test need not wait for migrations.
    """
    folder = Path(tempfile.mkdtemp(prefix="kaja-test-pg-"))
    kept = KEPT / template_name()
    if kept.exists():
        # With its owner: PostgreSQL does not run as root.
        subprocess.run(["cp", "-a", f"{kept}/.", str(folder)], check=True)
        (folder / "port").unlink()
    cluster = Cluster(folder, FAST)
    cluster.start()
    os.environ[SERVER] = cluster.url("postgres", "postgres")

    def stop() -> None:
        whole = not kept.exists() and has_database(kept.name)
        cluster.stop()
        if whole:
            _keep(folder, kept)
        shutil.rmtree(folder, ignore_errors=True)

    return stop


def _keep(folder: Path, kept: Path) -> None:
    """As the newest of a few; two runs may do so at once, and one of them is enough."""
    KEPT.mkdir(parents=True, exist_ok=True)
    draft = KEPT / f"draft-{os.getpid()}"
    subprocess.run(["cp", "-a", f"{folder}/.", str(draft)], check=True)
    try:
        draft.rename(kept)
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)
    for old in sorted(KEPT.iterdir(), key=lambda path: path.stat().st_mtime)[:-3]:
        shutil.rmtree(old, ignore_errors=True)


def prepare_roles() -> None:
    """Owner and application, with the superuser's own password."""
    with psycopg.connect(os.environ[SERVER], autocommit=True) as connection:
        ensure_roles(connection, dict.fromkeys((OWNER, APP), urlsplit(os.environ[SERVER]).password or ""))


def address(role: str, database: str) -> str:
    server = urlsplit(os.environ[SERVER])
    return f"postgresql://{role}:{server.password}@{server.hostname}:{server.port}/{database}"


@cache
def template_name() -> str:
    """Named by all that could decide about the tables, so that old ones are never taken for new ones."""
    digest = hashlib.sha256(str(FAST).encode())
    # Beside these: the packages whose tables stand beside ours, and how the server and the template are made.
    others = ("requirements/base.txt", "tests/conftest.py", "tests/suite/tables.py", "src/kaja/kernel/postgres.py")
    for path in sorted({*list_deciding(), Path(__file__), *(ROOT / name for name in others)}):
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return f"kaja_template_{digest.hexdigest()[:16]}"


def has_database(name: str) -> bool:
    with psycopg.connect(os.environ[SERVER], autocommit=True) as connection:
        return connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None


def copy_template(database: str, migrate: Callable[[str], None]) -> None:
    """Make a database with all tables. The first one on a server calls `migrate` with the template's name."""
    template = template_name()
    with psycopg.connect(os.environ[SERVER], autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [MAKING])
        if not has_database(template):
            # Under another name until it is whole: a run that was broken off leaves no half one.
            draft = f"{template}_draft"
            _make(connection, draft, "template1")
            migrate(draft)
            connection.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(draft), sql.Identifier(template))
            )
        _make(connection, database, template)
        connection.execute("SELECT pg_advisory_unlock(%s)", [MAKING])


def _make(connection: psycopg.Connection, database: str, template: str) -> None:
    drop_database(database)
    connection.execute(
        sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY FILE_COPY").format(
            sql.Identifier(database), sql.Identifier(OWNER), sql.Identifier(template)
        )
    )


def drop_database(database: str) -> None:
    with psycopg.connect(os.environ[SERVER], autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))


class Emptier:
    """Empties the tables that tests fill, between tests that commit: as the superuser, whom no wall and no trigger
    stops. Rows are deleted where there are some; to truncate every table makes hundreds of files anew each time.
    """

    # Whatever points to one of these tables is emptied with it, also what only SQL knows (the search index).
    BELOW = """
        WITH RECURSIVE below (table_oid) AS (
            SELECT c.oid FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY (%s)
            UNION SELECT k.conrelid FROM pg_constraint k JOIN below ON k.confrelid = below.table_oid
        )
        SELECT DISTINCT table_oid::regclass::text FROM below
    """

    def __init__(self, database: str, tables: list[str], kept: set[str]) -> None:
        self._address = address("postgres", database)
        self._connection = psycopg.connect(self._address, autocommit=True)
        found = [str(name) for (name,) in self._connection.execute(self.BELOW, [sorted(set(tables) - kept)])]
        assert not kept & set(found), "what is kept points to what is emptied"
        steps = " ".join(f"IF EXISTS (SELECT FROM {name}) THEN DELETE FROM {name}; END IF;" for name in sorted(found))
        self._statement = f"DO $$ BEGIN SET LOCAL session_replication_role = replica; {steps} END $$"

    def __call__(self) -> None:
        try:
            self._connection.execute(self._statement)
        except psycopg.OperationalError:  # a test has cut every connection to its database
            self._connection = psycopg.connect(self._address, autocommit=True)
            self._connection.execute(self._statement)

    def close(self) -> None:
        self._connection.close()
