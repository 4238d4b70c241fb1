"""`kaja migrate`: bring the database's schema, the rights in it and the static files to this version."""

import json
import os
import time
from pathlib import Path
from urllib.parse import unquote, urlsplit

import click
import psycopg
from psycopg import sql

from kaja.cli import prepared
from kaja.cli.database import LEAST_VERSION, check_version, explain, running_database
from kaja.cli.failures import BadSetting, DatabaseUnusable
from kaja.cli.updating import back_up_before_update, say_way_back
from kaja.config import environment
from kaja.kernel.postgres import grant_to_app
from kaja.kernel.walls import set_scope_key

# Any number that nothing else locks: two hosts that start at once migrate one after the other.
_LOCK = 0x6B616A61
WAITS_AT_ONCE = 2000
"""Milliseconds for which a step of a migration waits for a table, and others behind it."""
REST = 3.0
PATIENCE = 600.0
LOCK_NOT_AVAILABLE = "55P03"
MANIFEST = "staticfiles.json"


@click.command()
@click.option("--quiet", is_flag=True, help="Say only what went wrong.")
def migrate(quiet: bool) -> None:
    """Bring the database and the static files to this version. Repeating it changes nothing.

    Data of an older version are backed up first, into the data folder.
    """
    try:
        environment.is_update_backup_wanted()
    except environment.Misconfigured as error:
        raise BadSetting(str(error)) from error
    with running_database():
        migrate_database(quiet=quiet, back_up=True)
    collect_static()
    if not quiet:
        click.echo("The database and the static files are up to date.")


def migrate_database(*, quiet: bool, back_up: bool = False) -> None:
    """Run migrations as the owner, then let the application's role use the tables. The server must be running.

    With `back_up`, data of an older version are backed up first.
    """
    owner, app = environment.get_owner_database_url(), environment.get_database_url()
    # Django's settings are read after this line; only this process works as the owner.
    os.environ["DATABASE_URL"] = owner
    import django
    from django.db.migrations.loader import MigrationLoader

    django.setup()
    from kaja.content.search import MAKE_INDEX
    from kaja.inbox.search import MAKE_INDEXES

    try:
        with psycopg.connect(owner, autocommit=True, connect_timeout=5) as connection:
            if (found := check_version(connection)) < LEAST_VERSION:
                raise DatabaseUnusable(f"PostgreSQL {LEAST_VERSION} or newer is needed; this server is {found}.")
            connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
            known = set(MigrationLoader(None).disk_migrations or {})
            saved = back_up_before_update(owner, known) if back_up else None
            try:
                _run_migrations(verbosity=0 if quiet else 1)
            except Exception:  # whatever it was goes on; the way back is said first
                if saved:
                    click.echo(f"kaja: the update failed. {say_way_back(saved)}", err=True)
                raise
            if saved:
                click.echo(f"kaja: updated. {say_way_back(saved)}", err=True)
            # Also later: an administrator may have created the extension since.
            connection.execute(MAKE_INDEX)
            connection.execute(MAKE_INDEXES)
            # Also later: the secret key may be another since (a backup without keys was restored).
            with connection.cursor() as cursor:
                set_scope_key(cursor, environment.get_secret_key())
            _grant(connection, app)
    except psycopg.OperationalError as error:
        raise DatabaseUnusable(explain(owner, error)) from error
    prepared.remember(migrations=sorted(known), migrations_code=prepared.migrations_code())


def _run_migrations(verbosity: int) -> None:
    """Each step, or none of it, without holding up those who work with the database meanwhile.

    A step that changes a table waits until nobody uses it, and everybody who comes later waits behind it. So it gives
    up after a moment, lets them go on, and tries again.
    """
    from django.core.management import call_command
    from django.db import OperationalError, connection

    end = time.monotonic() + PATIENCE
    while True:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('lock_timeout', %s, false)", [f"{WAITS_AT_ONCE}ms"])
            call_command("migrate", interactive=False, verbosity=verbosity)
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", "") != LOCK_NOT_AVAILABLE:
                raise
            if time.monotonic() > end:
                raise DatabaseUnusable(
                    "Tables are in use all the time by other programs, so they could not be brought to this version; "
                    "nothing was lost. Stop the others (a backup, `kaja web`, `kaja worker`), and try again."
                ) from error
            time.sleep(REST)
        else:
            return
        finally:
            connection.close()


def _grant(connection: psycopg.Connection, app_url: str) -> None:
    role = unquote(urlsplit(app_url).username or "")
    me = connection.execute("SELECT current_user").fetchone()
    if not role or (me and me[0] == role):
        return
    grant_to_app(connection, role)
    # Tables that a later migration makes are usable at once, before this command has run to its end.
    connection.execute(
        sql.SQL(
            "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {}"
        ).format(sql.Identifier(role))
    )


def collect_static() -> None:
    """Put every static file, under a name with its hash and compressed, into the data folder.

    A server that is still running serves pages which name the files of its own version: they stay until the next
    version but one is collected.
    """
    import django
    from django.conf import settings
    from django.core.files.storage import storages
    from django.core.management import call_command

    django.setup()
    settings.STORAGES["staticfiles"] = {"BACKEND": "kaja.config.storage.HashedFiles"}
    storages.__init__()  # type: ignore[misc] # forget the storage that was chosen before the files were collected
    folder = Path(settings.STATIC_ROOT)
    kept = _named(folder)
    call_command("collectstatic", interactive=False, verbosity=0)
    kept |= _named(folder) | {MANIFEST}
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        name = path.relative_to(folder).as_posix()
        if name.removesuffix(".gz").removesuffix(".br") not in kept:
            path.unlink()
    prepared.remember(static_code=prepared.static_code())


def _named(folder: Path) -> set[str]:
    """The files that the manifest in a folder names, plain and hashed; none where there is no manifest."""
    try:
        paths: dict[str, str] = json.loads((folder / MANIFEST).read_text())["paths"]
    except (OSError, ValueError, KeyError):
        return set()
    return {*paths.keys(), *paths.values()}
