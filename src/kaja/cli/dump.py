"""Dumping and loading the database with PostgreSQL's own programs."""

import os
import shutil
import subprocess
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from kaja.cli.database import check_version
from kaja.cli.failures import CommandFailed, DatabaseUnusable
from kaja.kernel.postgres import PostgresFailed, find_programs


def find_program(name: str, server: int) -> str:
    """pg_dump or pg_restore: the machine's own when it is of the server's version, else the one that comes with Kaja.

    pg_restore 17 and newer sets `transaction_timeout`, which older servers do not know, so the versions must fit.
    """
    if (found := shutil.which(name)) and f" {server}." in _version(found):
        return found
    try:
        return str(find_programs() / name)
    except PostgresFailed as error:
        raise CommandFailed(
            f"{name} of PostgreSQL {server} is needed; install PostgreSQL's client programs."
        ) from error


def _version(program: str) -> str:
    return subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout


def _run(url: str, name: str, *arguments: str, scope: str = "") -> None:
    """Run a program against a database; the password goes through the environment, where other users do not see it."""
    with psycopg.connect(url, connect_timeout=5) as connection:
        server = check_version(connection)
    about = conninfo_to_dict(url)
    password = str(about.pop("password", "") or "")
    environment = {**os.environ, "PGPASSWORD": password}
    if scope:
        environment["PGOPTIONS"] = f"-c kaja.system_scope={scope}"
    done = subprocess.run(
        [find_program(name, server), *arguments, "--dbname", make_conninfo("", **about)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    if done.returncode:
        raise DatabaseUnusable(f"{name} failed:\n{done.stderr.strip()[-1500:]}")


LEFT_OUT = ("django_session", "usersessions_usersession", "kernel_bucket", "kaja_scope_key")
"""Tables whose rows stay behind: sessions, the list of them, used tries, and the key of the scopes."""


def dump_database(url: str, target: Path) -> None:
    """Write the whole database in PostgreSQL's custom format.

    Forced row-level security holds for the owner too: the dump enters the system scope, in which policies show all
    rows, instead of asking for a role that may bypass them. Sessions stay behind: whoever holds a backup is nobody's
    browser, and people sign in again after a restore.
    """
    _run(
        url, "pg_dump", "--format=custom", "--enable-row-security", "--no-owner", "--no-acl", "--schema=public",
        "--extension=*", *(f"--exclude-table-data=public.{table}" for table in LEFT_OUT), f"--file={target}",
        scope="backup",
    )  # fmt: skip


def load_database(url: str, source: Path) -> None:
    """Load a dump into an empty schema, in one transaction: all of it, or nothing."""
    listing = source.with_name("contents")
    server_program = find_program("pg_restore", 0)
    done = subprocess.run([server_program, "--list", str(source)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise CommandFailed(f"The dump cannot be read: {done.stderr.strip()[-500:]}")
    # The schema is there already, and its comment belongs to the server's owner.
    kept = [line for line in done.stdout.splitlines() if " SCHEMA - public" not in line and " COMMENT - " not in line]
    listing.write_text("\n".join(kept) + "\n")
    _run(
        url, "pg_restore", "--no-owner", "--no-acl", "--exit-on-error", "--single-transaction",
        f"--use-list={listing}", str(source),
    )  # fmt: skip


def count_tables(url: str) -> int:
    """How many tables the database has."""
    with psycopg.connect(url, connect_timeout=5) as connection:
        row = connection.execute(
            "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
        ).fetchone()
    return int(row[0]) if row else 0


def has_data(url: str) -> bool:
    """Whether anybody has an account in the database: what makes it worth more than its schema."""
    with psycopg.connect(url, connect_timeout=5) as connection:
        row = connection.execute("SELECT to_regclass('public.workspaces_user')").fetchone()
        if row is None or row[0] is None:
            return count_tables(url) > 0
        row = connection.execute("SELECT EXISTS (SELECT FROM workspaces_user)").fetchone()
    return bool(row and row[0])


def empty_database(url: str) -> None:
    """Remove everything from the schema. Only after a backup was verified or made."""
    with psycopg.connect(url, connect_timeout=5, autocommit=True) as connection:
        connection.execute("SET lock_timeout = '10s'")
        try:
            connection.execute("DROP SCHEMA public CASCADE")
        except psycopg.errors.LockNotAvailable as error:
            raise DatabaseUnusable(
                "Other programs use the database: stop every `kaja web` and `kaja worker`."
            ) from error
        connection.execute("CREATE SCHEMA public")


def read_migrations(url: str) -> list[tuple[str, str]]:
    """The applied migrations."""
    with psycopg.connect(url, connect_timeout=5) as connection:
        rows = connection.execute("SELECT app, name FROM django_migrations ORDER BY id").fetchall()
    return [(str(app), str(name)) for app, name in rows]
