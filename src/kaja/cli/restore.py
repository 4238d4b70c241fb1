"""`kaja restore FILE`: a backup back into an empty data folder, or over one that is given up."""

import os
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
import psycopg

from kaja.cli import archive, files, prepared
from kaja.cli.backup import make_backup
from kaja.cli.database import explain, running_database
from kaja.cli.dump import count_tables, empty_database, has_data, load_database
from kaja.cli.failures import BadSetting, CommandFailed, DatabaseUnusable, FolderUnusable
from kaja.cli.home import lock_home, prepare_home
from kaja.cli.migrate import migrate_database
from kaja.cli.signing import find_backup_key, is_signed
from kaja.config import environment
from kaja.kernel.vault import KeyRing, VaultError

if TYPE_CHECKING:
    from kaja.media.store import Store


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Give up the data that are there; a backup of them is made first.")
@click.option("--unverified", is_flag=True, help="Take a backup that this installation's key did not sign.")
def restore(file: Path, replace: bool, unverified: bool) -> None:
    """Put the backup FILE back. Everything in it is verified before anything is changed."""
    home = prepare_home()
    try:
        with lock_home(home), tempfile.TemporaryDirectory(prefix=".restore-", dir=home) as work:
            try:
                unpacked = archive.unpack_archive(file, Path(work))
            except archive.BadArchive as error:
                raise CommandFailed(f"{file} cannot be restored: {error}. Nothing was changed.") from error
            manifest = unpacked.manifest
            _verify(home, unpacked, file, unverified=unverified)
            _refuse_newer(manifest)
            _refuse_other_keys(Path(work), manifest)
            with files.told(), running_database():
                held = _restore(home, Path(work), manifest, replace=replace)
    except psycopg.OperationalError as error:
        raise DatabaseUnusable(explain(environment.get_database_url(), error)) from error
    except OSError as error:
        raise FolderUnusable(f"{home} could not be written ({error.strerror}).") from error
    click.echo(f"Restored the backup of {manifest.created_at}.")
    if held:
        click.echo(
            "Nothing is sent until you have said what becomes of everything that was due since then: it may have gone "
            "out already, and this backup does not know.\nStart Kaja with `kaja up`, then `kaja settle` shows it "
            "channel by channel, with what the networks list; so does the page that every screen leads to."
        )
    else:
        click.echo("Start Kaja with `kaja up`.")
    if not manifest.with_keys:
        click.echo("It holds no keys: put your keys.json into the data folder before you start, or reconnect channels.")


def _verify(home: Path, unpacked: archive.Unpacked, file: Path, *, unverified: bool) -> None:
    """Whether the backup is what this installation wrote. Where there is no key, that is said, not guessed."""
    key = find_backup_key(home)
    if key is None:
        click.echo(
            "Whether somebody changed the backup cannot be told here: this data folder has no backup-key. "
            "(Its checksums fit. Give KAJA_BACKUP_KEY, the old host's file backup-key, to have it verified.)"
        )
    elif is_signed(key, unpacked.text, unpacked.signature):
        click.echo("The backup is signed with this installation's key.")
    elif unverified:
        click.echo("The backup is not signed with this installation's key; it is taken as you said (--unverified).")
    else:
        raise CommandFailed(
            f"{file} is not signed with this installation's key: somebody changed it, or it comes from another "
            "installation or an older Kaja. If you know where it comes from, add --unverified. Nothing was changed."
        )


def _refuse_newer(manifest: archive.Manifest) -> None:
    known = {(path.parents[1].name, path.stem) for path in prepared.SOURCE.glob("*/migrations/0*.py")}
    apps = {app for app, _ in known}
    unknown = [f"{app}.{name}" for app, name in manifest.migrations if app in apps and (app, name) not in known]
    if unknown:
        raise CommandFailed(
            f"The backup was made by another version of Kaja ({manifest.kaja}): this one does not know "
            f"{', '.join(unknown[:3])}. Update Kaja first. Nothing was changed."
        )


def _refuse_other_keys(work: Path, manifest: archive.Manifest) -> None:
    """`KAJA_KEYS` wins over the file; when it cannot open what is restored, say so before anything is changed."""
    if not manifest.with_keys or not (text := os.environ.get("KAJA_KEYS")):
        return
    try:
        missing = KeyRing.parse((work / "keys.json").read_text()).keys.keys() - KeyRing.parse(text).keys.keys()
    except (VaultError, OSError) as error:
        raise BadSetting(f"The key rings cannot be compared: {error}") from error
    if missing:
        raise BadSetting(
            f"KAJA_KEYS lacks {', '.join(sorted(missing))}, which the backup's credentials are sealed with. Add it, or "
            "unset KAJA_KEYS to use the keys of the backup. Nothing was changed."
        )


def _restore(home: Path, work: Path, manifest: archive.Manifest, *, replace: bool) -> int:
    url = environment.get_owner_database_url()
    bucket = files.find_bucket() if manifest.with_media else None
    folders = archive.FOLDERS if manifest.with_media and bucket is None else ("practice",)
    here = (archive.list_files(home, *folders), bucket.list_all() if bucket is not None else ())
    occupied = has_data(url) or any(True for each in here for _ in each)
    if occupied and not replace:
        raise CommandFailed(
            f"{home} or its database holds data already; nothing was changed. Set KAJA_HOME to a new folder (and "
            "DATABASE_URL to an empty database), or give the data up with --replace."
        )
    if occupied:
        safety = home / f"before-restore-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.tar"
        make_backup(safety, with_keys=True, with_media=manifest.with_media)
        click.echo(f"The data that were here are kept in {safety}.")
    if bucket is not None:
        # First of all: what is too much there harms nobody, should the rest not come about.
        _upload(bucket, work / "media")
    if count_tables(url):
        empty_database(url)
    load_database(url, work / archive.DATABASE)
    for folder in folders:
        shutil.rmtree(home / folder, ignore_errors=True)
        if (work / folder).exists():
            (work / folder).rename(home / folder)
        else:
            (home / folder).mkdir(mode=0o700)
        (home / folder).chmod(0o700)
    if bucket is not None:
        _delete_others(bucket, work / "media")
    for name in archive.KEYS:
        if (work / name).exists():
            (work / name).chmod(0o600)
            (work / name).replace(home / name)
    # Also brings a backup of an older version to this one, and gives the application's role its rights.
    migrate_database(quiet=True)
    return _hold(manifest)


def _upload(bucket: "Store", folder: Path) -> None:
    """Every file of the backup into the bucket."""
    from django.core.files.base import File

    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                bucket.save(path.relative_to(folder).as_posix(), File(file))


def _delete_others(bucket: "Store", folder: Path) -> None:
    """What the backup does not hold was given up."""
    for entry in list(bucket.list_all()):
        if not (folder / entry.name).is_file():
            bucket.delete(entry.name)


def _hold(manifest: archive.Manifest) -> int:
    """Let nothing be sent until somebody has settled what this backup cannot know; gives the number of workspaces."""
    from django.db import connection

    from kaja.delivery.actions import hold_everything
    from kaja.workspaces.actor import make_system_actor
    from kaja.workspaces.models import Held

    with connection.cursor() as cursor:
        # What waited when the backup was made has been done, or is asked for anew: no mail goes out twice.
        cursor.execute("DELETE FROM procrastinate_jobs WHERE status IN ('todo', 'doing')")
    held = hold_everything(make_system_actor("kaja restore"), Held.RESTORE, datetime.fromisoformat(manifest.created_at))
    connection.close()
    return len(held)
