"""A backup by itself before an update changes the database: the way back."""

from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import click
import psycopg

from kaja.cli.backup import make_backup
from kaja.cli.dump import has_data, read_migrations
from kaja.cli.failures import CommandFailed, FolderUnusable
from kaja.config import environment

KEPT = 2
"""How many of these backups stay; older ones are removed when a new one is whole."""


def folder() -> Path:
    return environment.get_home() / "backups"


def list_backups() -> list[Path]:
    """The backups that were made before updates, the oldest first."""
    return sorted(folder().glob("before-*.tar"), key=lambda path: path.stat().st_mtime)


def has_older_data(url: str, known: set[tuple[str, str]]) -> bool:
    """Whether the database holds somebody's data and lacks migrations of this version."""
    try:
        applied = set(read_migrations(url))
    except psycopg.errors.UndefinedTable:
        return False
    return bool(known - applied) and has_data(url)


def back_up_before_update(url: str, known: set[tuple[str, str]]) -> Path | None:
    """Write a backup of data that an older version left; None when there are none, or the operator wants none.

    Raises a failure that says what to do when it cannot be made: nothing has been changed then.
    """
    if not environment.is_update_backup_wanted() or not has_older_data(url, known):
        return None
    target = folder() / f"before-{version('kaja')}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.tar"
    click.echo(f"kaja: a backup before the update: {target} ...", err=True)
    try:
        folder().mkdir(mode=0o700, exist_ok=True)
        # An update touches no file in a bucket, and fetching all of them would take hours.
        make_backup(target, with_keys=True, with_media=environment.get_media_store() == "folder")
    except OSError as error:
        raise FolderUnusable(_nothing_changed(f"{folder()} could not be written ({error.strerror})")) from error
    except CommandFailed as error:
        raise CommandFailed(_nothing_changed(error.message)) from error
    for old in list_backups()[:-KEPT]:
        old.unlink()
    return target


def _nothing_changed(why: str) -> str:
    return (
        f"No backup could be made before the update, so nothing was changed: {why.rstrip('.')}. Fix that, or make a "
        "backup of your own and start once with KAJA_UPDATE_BACKUP=0."
    )


def say_way_back(target: Path) -> str:
    """What to do when the new version is not what was hoped for."""
    return f"To go back: start the older version with `kaja restore --replace {target}`."
