"""`kaja backup FILE`: everything that cannot be made again, in one file."""

import os
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import click
import psycopg

from kaja.cli import archive, files
from kaja.cli.database import check_version, explain, running_database
from kaja.cli.dump import dump_database, read_migrations
from kaja.cli.failures import CommandFailed, DatabaseUnusable, FolderUnusable
from kaja.cli.signing import get_backup_key
from kaja.config import environment


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--without-keys", is_flag=True, help="Leave out the keys that open stored credentials; keep them elsewhere."
)
@click.option(
    "--without-media", is_flag=True, help="Leave out pictures and films; a bucket may have copies of its own."
)
def backup(file: Path, without_keys: bool, without_media: bool) -> None:
    """Write the database, the media and the keys into FILE, while Kaja runs or not."""
    if file.exists():
        raise CommandFailed(f"{file} exists already and is not overwritten. Choose another name.")
    try:
        with files.told(), running_database():
            manifest = make_backup(file, with_keys=not without_keys, with_media=not without_media)
    except psycopg.OperationalError as error:
        raise DatabaseUnusable(explain(environment.get_database_url(), error)) from error
    except OSError as error:
        raise FolderUnusable(f"{file} could not be written ({error.strerror}); nothing is left of it.") from error
    if not manifest.with_media:
        click.echo("It holds no pictures and films: what it names must be where it is now when you restore it.")
    size = file.stat().st_size / 1_000_000
    click.echo(f"{file}: {size:.1f} MB, {len(manifest.files)} files.")
    if manifest.with_keys:
        click.echo("It holds the keys that open the credentials of your channels: keep it as safe as those.")
    else:
        click.echo("It holds no keys: without keys.json of the data folder, every channel must be reconnected.")


def make_backup(file: Path, *, with_keys: bool, with_media: bool = True) -> archive.Manifest:
    """Write a backup; the database must be running. Raises StoreAway."""
    home, url = environment.get_home(), environment.get_owner_database_url()
    with psycopg.connect(url, connect_timeout=5) as connection:
        server = check_version(connection)
    try:
        applied = read_migrations(url)
    except psycopg.errors.UndefinedTable as error:
        raise CommandFailed("The database is empty: there is nothing to back up.") from error
    manifest = archive.Manifest(
        kaja=version("kaja"),
        postgres=server,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        with_keys=with_keys,
        migrations=applied,
        with_media=with_media,
    )
    # Beside the target: the dump may be larger than what a memory disk holds.
    with tempfile.TemporaryDirectory(prefix=".kaja-backup-", dir=file.absolute().parent) as work:
        # The database before the files: a file that a row names is there already.
        dump = Path(work) / archive.DATABASE
        dump_database(url, dump)
        archive.write_archive(file, manifest, _files(home, dump, Path(work), manifest), get_backup_key(home))
    return manifest


def _files(home: Path, dump: Path, work: Path, manifest: archive.Manifest) -> Iterator[tuple[str, archive.Source]]:
    yield archive.DATABASE, archive.OnDisk(dump)
    yield from archive.list_files(home, "practice")
    if manifest.with_media:
        bucket = files.find_bucket()
        yield from archive.list_files(home, "media") if bucket is None else archive.list_stored(bucket)
    if not manifest.with_keys:
        return
    for name, variable in zip(archive.KEYS, ("KAJA_KEYS", "KAJA_SECRET_KEY"), strict=True):
        path = home / name
        if value := os.environ.get(variable):
            path = work / name
            path.write_text(value)
        if path.exists():
            yield name, archive.OnDisk(path)
