"""The database as the command line meets it: its own server started where needed, trouble put into words."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import click
import psycopg

from kaja.cli import prepared
from kaja.cli.failures import BadSetting, CommandFailed, DatabaseUnusable
from kaja.cli.home import prepare_home
from kaja.config import environment
from kaja.kernel.postgres import OWNER, Cluster, PostgresFailed, write_private

LEAST_VERSION = 15
# About 40 MB for the server with Kaja's dozen of sessions; an operator with more runs PostgreSQL by themselves.
SETTINGS = {"shared_buffers": "64MB", "max_connections": "60", "log_min_messages": "warning", "jit": "off"}


def embedded_cluster() -> Cluster:
    return Cluster(environment.get_home() / "postgres", dict(SETTINGS))


def start_embedded(cluster: Cluster) -> None:
    """Start the embedded server with its roles and database, and leave their addresses in the data folder."""
    begin_embedded(cluster)
    wait_embedded(cluster)


def begin_embedded(cluster: Cluster) -> None:
    """Start the server without waiting for it, and leave its addresses in the data folder."""
    try:
        cluster.begin()
        publish_addresses(cluster)
    except (PostgresFailed, OSError) as error:
        raise _not_started(cluster, error) from error


def wait_embedded(cluster: Cluster) -> None:
    """Wait for the server, and make the roles and the database that are missing."""
    try:
        cluster.wait()
        cluster.ensure_roles()
    except (PostgresFailed, psycopg.Error, OSError) as error:
        raise _not_started(cluster, error) from error


def _not_started(cluster: Cluster, error: Exception) -> DatabaseUnusable:
    cluster.stop()
    return DatabaseUnusable(f"The embedded PostgreSQL did not start. Its log is {cluster.log}; it ends with:\n{error}")


def publish_addresses(cluster: Cluster) -> None:
    """Write the addresses that settings read."""
    for name, url in (("postgres-url", cluster.url()), ("postgres-owner-url", cluster.url(OWNER))):
        file = environment.get_home() / name
        if not file.exists() or file.read_text() != url:
            write_private(file, url)


@contextmanager
def running_database() -> Iterator[None]:
    """The database answers inside: the embedded server is used where it runs, else started for as long as needed."""
    if environment.has_external_database():
        check_external(environment.get_database_url())
        yield
        return
    prepare_home()
    cluster = embedded_cluster()
    if cluster.running_pid():
        yield
        return
    start_embedded(cluster)
    try:
        yield
    finally:
        cluster.stop()


def prepare_database() -> None:
    """Migrate and collect static files, unless an earlier start has done it."""
    if not is_prepared():
        migrate_in_child()


def is_prepared() -> bool:
    """Whether schema and static files are of this version. The database must be running."""
    try:
        return prepared.static_is_collected() and prepared.migrations_are_applied(environment.get_database_url())
    except psycopg.Error as error:
        raise DatabaseUnusable(explain(environment.get_database_url(), error)) from error


def migrate_in_child(asked_to_stop: Callable[[], bool] = lambda: False) -> None:
    """`kaja migrate` in a process of its own, which ends with what it loaded, or as soon as somebody asks to stop.

    In a session of its own, because a terminal's Ctrl-C would reach it, too, and while it is still loading Python
    answers with a traceback. Broken off, its transaction is rolled back, and the next start goes on.
    """
    click.echo("kaja: preparing the database ...", err=True)
    child = subprocess.Popen([sys.executable, "-m", "kaja", "migrate", "--quiet"], start_new_session=True)
    try:
        while child.poll() is None:
            if asked_to_stop():
                child.terminate()
            time.sleep(0.05)
    except BaseException:
        child.terminate()
        child.wait()
        raise
    if child.returncode:
        raise CommandFailed("The database could not be prepared; the reason stands above.")


def check_external(url: str) -> None:
    """Refuse an address that does not work, in words that say which part of it is wrong."""
    try:
        environment.parse_database_url(url)
        with psycopg.connect(url, connect_timeout=5) as connection:
            found = check_version(connection)
    except environment.Misconfigured as error:
        raise BadSetting(str(error)) from error
    except psycopg.Error as error:
        raise DatabaseUnusable(explain(url, error)) from error
    if found < LEAST_VERSION:
        raise DatabaseUnusable(f"DATABASE_URL: PostgreSQL {LEAST_VERSION} or newer is needed; this server is {found}.")


def check_version(connection: psycopg.Connection) -> int:
    """The server's major version."""
    return connection.info.server_version // 10_000


def explain(url: str, error: Exception) -> str:
    """What a failed connection means. Never shows the password."""
    parts = urlsplit(url)
    source = "DATABASE_URL" if os.environ.get("DATABASE_URL") else "the embedded PostgreSQL"
    where = f"{parts.hostname or 'the local socket'}:{parts.port or 5432}"
    said = " ".join(str(error).split()) or type(error).__name__
    if "password authentication failed" in said or "no password supplied" in said:
        advice = f"The server refused the password of {parts.username!r}."
    elif "does not exist" in said and "database" in said:
        advice = f"The server has no database {parts.path.lstrip('/')!r}: create it (see docs/operations.md)."
    elif "does not exist" in said:
        advice = f"The server has no role {parts.username!r}: create it (see docs/operations.md)."
    elif "refused" in said:
        advice = f"Nobody listens at {where}: is PostgreSQL running there?"
    elif "resolve" in said or "not known" in said:
        advice = f"The host name {parts.hostname!r} is not known."
    elif "starting up" in said or "shutting down" in said or "not yet accepting" in said:
        advice = "It is just starting or stopping: try again in a moment."
    elif "too many clients" in said or "connection slots" in said or "too many connections" in said:
        advice = "All its connections are taken: try again in a moment, or raise its max_connections."
    else:
        advice = "Check the address, and that the server lets this machine in."
    return f"No connection to the database at {where} ({source}). {advice}\n({said})"
