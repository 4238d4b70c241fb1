"""The database: reachable, new enough, with the right roles, migrated, in step, served by a worker."""

import time
from collections.abc import Generator, Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg

from kaja.cli.checks.findings import Finding, Level
from kaja.cli.database import LEAST_VERSION, check_version, embedded_cluster, explain
from kaja.config import environment
from kaja.kernel.walls import ENTER, make_scope_key

MOST_SKEW = 2.0  # seconds; due times are compared between hosts and the database
WORKER_SILENCE = 90.0

ROLES = (
    "Make two roles and set DATABASE_URL to the application's and KAJA_OWNER_DATABASE_URL to the owner's: "
    "CREATE ROLE kaja_owner LOGIN PASSWORD '...'; CREATE ROLE kaja_app LOGIN PASSWORD '...'; "
    "ALTER DATABASE kaja OWNER TO kaja_owner; then `kaja migrate` (docs/operations.md, “A PostgreSQL of your own”)."
)


def check_database() -> Iterator[Finding]:
    url = environment.get_database_url()
    if not environment.has_external_database() and embedded_cluster().running_pid() is None:
        yield Finding(
            "database",
            Level.WARNING,
            "the embedded PostgreSQL is not running, so nothing in it was looked at",
            "kaja up",
        )
        return
    try:
        connection = psycopg.connect(url, connect_timeout=5, autocommit=True)
    except psycopg.OperationalError as error:
        yield Finding(
            "database", Level.BROKEN, explain(url, error).replace("\n", " "), "Fix the address or the server."
        )
        return
    with connection:
        yield from _server(connection)
        yield from _roles(connection)
        yield from _clock(connection)
        if (yield from _migrations(connection)) and (yield from _walls(connection)):
            yield from _search(connection)
            yield from _held(connection)
            yield from _sealed(connection)
            yield from _writes(connection)
            yield from _worker(connection)
            yield from _loops(connection)
            yield from _events(connection)
            yield from _jobs(connection)


def _one(connection: psycopg.Connection, query: str) -> tuple[Any, ...]:
    row = connection.execute(query).fetchone()
    assert row is not None
    return tuple(row)


def _server(connection: psycopg.Connection) -> Iterator[Finding]:
    found = check_version(connection)
    kind = "of your own" if environment.has_external_database() else "built in"
    if found < LEAST_VERSION:
        yield Finding(
            "database", Level.BROKEN, f"PostgreSQL {found}", f"Kaja needs PostgreSQL {LEAST_VERSION} or newer."
        )
    else:
        yield Finding("database", Level.OK, f"PostgreSQL {connection.info.parameter_status('server_version')}, {kind}")
    encoding = _one(connection, "SHOW server_encoding")[0]
    if encoding != "UTF8":
        yield Finding(
            "database", Level.BROKEN, f"its encoding is {encoding}", "Make the database with ENCODING 'UTF8'."
        )


def _roles(connection: psycopg.Connection) -> Iterator[Finding]:
    role, superuser, bypass = _one(
        connection, "SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
    )
    owned = _one(
        connection,
        "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = 'public' AND c.relkind = 'r' AND pg_get_userbyid(c.relowner) = current_user",
    )[0]
    owner_url = urlsplit(environment.get_owner_database_url())
    if superuser or bypass:
        what = "a superuser" if superuser else "a role that bypasses row-level security"
        yield Finding(
            "roles", Level.BROKEN, f"Kaja connects as {role}, {what}: the wall between workspaces is off", ROLES
        )
    elif owned:
        yield Finding("roles", Level.WARNING, f"Kaja connects as {role}, which owns its tables", ROLES)
    elif unquote(owner_url.username or "") == role:
        yield Finding(
            "roles", Level.WARNING, f"{role} does not own the tables, so migrations will fail",
            "Set KAJA_OWNER_DATABASE_URL to the owner's address.",
        )  # fmt: skip
    else:
        yield Finding("roles", Level.OK, f"{role} reads and writes, {unquote(owner_url.username or '')} migrates")


def _walls(connection: psycopg.Connection) -> Generator[Finding, None, bool]:
    """Whether this process can enter a scope: everything else that reads a workspace needs that."""
    try:
        connection.execute(ENTER, ["", "check", make_scope_key(environment.get_secret_key())])
    except psycopg.errors.InsufficientPrivilege:
        yield Finding(
            "walls", Level.BROKEN, "the database was given another secret key, so no workspace can be read",
            "Use the KAJA_SECRET_KEY (or the file secret-key) of the other hosts, or run kaja migrate with this one.",
        )  # fmt: skip
        return False
    yield Finding("walls", Level.OK, "only Kaja itself can enter a workspace")
    return True


def _search(connection: psycopg.Connection) -> Iterator[Finding]:
    if _one(connection, "SELECT to_regclass('content_postsearch_body') IS NOT NULL")[0]:
        yield Finding("search", Level.OK, "by its index")
    else:
        yield Finding(
            "search", Level.WARNING, "works without its index: searching many posts is slow",
            "Have an administrator run CREATE EXTENSION pg_trgm in this database, then run kaja migrate.",
        )  # fmt: skip


def _clock(connection: psycopg.Connection) -> Iterator[Finding]:
    before = time.time()
    there = float(_one(connection, "SELECT extract(epoch FROM clock_timestamp())")[0])
    skew = there - (before + time.time()) / 2
    if abs(skew) > MOST_SKEW:
        yield Finding(
            "clock", Level.BROKEN, f"this machine and the database differ by {skew:+.1f} s: posts come late or early",
            "Run an NTP client (chrony, systemd-timesyncd) on both.",
        )  # fmt: skip
    else:
        yield Finding("clock", Level.OK, f"differs from the database by {abs(skew) * 1000:.0f} ms")


def _migrations(connection: psycopg.Connection) -> Generator[Finding, None, bool]:
    import django

    django.setup()
    from django.db.migrations.loader import MigrationLoader

    known = set(MigrationLoader(None).disk_migrations or {})
    if _one(connection, "SELECT to_regclass('public.django_migrations') IS NULL")[0]:
        yield Finding("migrations", Level.BROKEN, "the database is empty", "kaja migrate")
        return False
    try:
        applied = {tuple(row) for row in connection.execute("SELECT app, name FROM django_migrations").fetchall()}
    except psycopg.errors.InsufficientPrivilege:
        yield Finding("migrations", Level.BROKEN, "the application's role may not read the tables", "kaja migrate")
        return False
    if pending := sorted(known - applied):
        names = ", ".join(f"{app}.{name}" for app, name in pending[:3])
        yield Finding("migrations", Level.BROKEN, f"{len(pending)} are not applied ({names} ...)", "kaja migrate")
        return False
    yield Finding("migrations", Level.OK, f"{len(known)} applied")
    return True


def _held(connection: psycopg.Connection) -> Iterator[Finding]:
    from kaja.kernel.tenancy import SystemPurpose, system_scope
    from kaja.workspaces.models import Held, Workspace

    with system_scope(SystemPurpose.MAINTENANCE):
        rows = Workspace.objects.filter(held_at__isnull=False).order_by("slug").values_list("slug", "held_reason")
        held = [(slug, str(Held(reason).label) if reason else "") for slug, reason in rows]
    if not held:
        yield Finding("settlement", Level.OK, "nothing is held back")
        return
    told = "; ".join(f"{slug} ({reason})" for slug, reason in held[:5])
    yield Finding(
        "settlement", Level.BROKEN, f"nothing is sent in {len(held)} workspaces: {told}",
        "kaja settle shows what was due and what the networks have of it, and takes your decision.",
    )  # fmt: skip


def _sealed(connection: psycopg.Connection) -> Iterator[Finding]:
    from kaja.channels.models import Channel
    from kaja.channels.vault import open_credentials
    from kaja.kernel.tenancy import SystemPurpose, system_scope
    from kaja.kernel.vault import VaultError

    total, closed = 0, []
    with system_scope(SystemPurpose.MAINTENANCE):
        columns = ("name", "grant_id", "grant__credentials", "id", "own_credentials")
        rows = Channel.objects.filter(disconnected_at=None).values_list(*columns)
        for name, *sealed in rows.iterator(chunk_size=500):
            total += 1
            try:
                open_credentials(*sealed)
            except VaultError as error:
                closed.append(f"{name} ({error})")
    if closed:
        yield Finding(
            "credentials", Level.BROKEN, f"{len(closed)} of {total} channels cannot be opened: {'; '.join(closed[:3])}",
            "Put the keys.json back that sealed them (it is in your backup), or reconnect these channels.",
        )  # fmt: skip
    else:
        yield Finding("credentials", Level.OK, f"{total} channels, all can be opened")


def _worker(connection: psycopg.Connection) -> Iterator[Finding]:
    silence = _one(connection, "SELECT extract(epoch FROM now() - max(last_heartbeat)) FROM procrastinate_workers")[0]
    if silence is None:
        yield Finding("worker", Level.BROKEN, "no worker runs: nothing is sent", "kaja up, or kaja worker")
    elif float(silence) > WORKER_SILENCE:
        yield Finding(
            "worker", Level.BROKEN, f"the last sign of a worker is {float(silence):.0f} s old: nothing is sent",
            "Read what `kaja up` or `kaja worker` prints; start it again.",
        )  # fmt: skip
    else:
        yield Finding("worker", Level.OK, f"alive {float(silence):.0f} s ago")


def _writes(connection: psycopg.Connection) -> Iterator[Finding]:
    if _one(connection, "SHOW transaction_read_only")[0] == "on":
        yield Finding(
            "writing", Level.BROKEN, "the database only lets itself be read (a standby, or set so): nothing is sent",
            "Point DATABASE_URL to the primary server, or make this one it.",
        )  # fmt: skip


def _loops(connection: psycopg.Connection) -> Iterator[Finding]:
    rows = connection.execute(
        "SELECT name, host, failures, error, failed_at, well_at IS NULL OR well_at < failed_at,"
        " failed_at > now() - interval '1 day' FROM kernel_looprecord"
        " WHERE updated_at > now() - interval '1 day' ORDER BY name, host"
    ).fetchall()
    good = True
    for name, host, failures, error, failed_at, failing, lately in rows:
        if not lately:
            continue
        good = False
        told = f"“{name}” on {host}: {failures} errors so far, the last at {failed_at:%Y-%m-%d %H:%M} UTC ({error})"
        if failing:
            yield Finding(
                "loops", Level.BROKEN, f"{told}; it is begun again and again, and nothing went well since",
                "The log of `kaja up` or `kaja worker` has the places in the code.",
            )  # fmt: skip
        else:
            yield Finding("loops", Level.WARNING, f"{told}; it works again", "The log says more.")
    if good:
        yield Finding("loops", Level.OK, f"{len(rows)} run, none had an error in the last day")


def _events(connection: psycopg.Connection) -> Iterator[Finding]:
    from kaja.delivery.models import UntoldEvent
    from kaja.kernel.tenancy import SystemPurpose, system_scope

    with system_scope(SystemPurpose.MAINTENANCE):
        errors = list(UntoldEvent.objects.filter(next_at=None).values_list("error", flat=True)[:1000])
    if errors:
        yield Finding(
            "events", Level.BROKEN,
            f"{len(errors)} of deliveries could not be told, so nobody was notified of them ({errors[0]})",
            "Report it with the worker's log. A worker that starts tells them again.",
        )  # fmt: skip
    else:
        yield Finding("events", Level.OK, "all are told")


def _jobs(connection: psycopg.Connection) -> Iterator[Finding]:
    rows = connection.execute(
        "SELECT task_name, count(*) FROM procrastinate_jobs WHERE status = 'failed' GROUP BY 1 ORDER BY 2 DESC, 1"
    ).fetchall()
    if not rows:
        yield Finding("background jobs", Level.OK, "none has failed for good")
        return
    told = ", ".join(f"{name} ({count})" for name, count in rows)
    yield Finding(
        "background jobs", Level.WARNING, f"failed for good: {told}",
        "The worker's log says why. What somebody asked for (a mail, a change on a network) can be asked for again.",
    )  # fmt: skip
