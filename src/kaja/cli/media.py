"""`kaja media move`: files from the data folder into a bucket, or back; what was moved is not moved again."""

import click
from django.core.files.base import File

from kaja.cli import files
from kaja.cli.failures import CommandFailed
from kaja.config import environment
from kaja.media.store.contract import Entry, Store, StoreAway

TOLD_EVERY = 100


@click.group()
def media() -> None:
    """Pictures and films of people: where they are."""


@media.command()
@click.option("--to", "target", required=True, type=click.Choice(files.KINDS), help="Where the files shall be.")
@click.option("--delete", is_flag=True, help="Delete what is there, too, when Kaja no longer uses the other place.")
def move(target: str, delete: bool) -> None:
    """Copy every file that is not there yet. Stopped or broken off, call it again: it goes on where it was."""
    source = "s3" if target == "folder" else "folder"
    if delete and environment.get_media_store() != target:
        raise CommandFailed(
            f"Kaja uses {source} now (KAJA_MEDIA_STORE), so nothing is deleted there. Move without --delete, set "
            f"KAJA_MEDIA_STORE={target}, start Kaja again, then delete."
        )
    with files.told():
        here, there = files.open_store(source), files.open_store(target)
        copied, known = _copy_all(here, there)
        click.echo(f"{copied} files copied, {known} were there already: {copied + known} in all.")
        if delete:
            click.echo(f"{_delete_all(here, there)} files deleted where they were.")


def _sizes(store: Store) -> dict[str, int]:
    return {entry.name: entry.size for entry in store.list_all()}


def _copy_all(here: Store, there: Store) -> tuple[int, int]:
    """How many were copied, and how many were there whole."""
    present, copied, known = _sizes(there), 0, 0
    for entry in here.list_all():
        if present.get(entry.name) == entry.size:
            known += 1
            continue
        try:
            _copy(entry, here, there)
        except StoreAway as error:
            raise CommandFailed(
                f"{copied} files are copied; at {entry.name} {files.describe(error)}. {files.MENDS[error.why]} Call it "
                "again: it goes on there."
            ) from error
        copied += 1
        if copied % TOLD_EVERY == 0:
            click.echo(f"{copied} ...", err=True)
    return copied, known


def _copy(entry: Entry, here: Store, there: Store) -> None:
    try:
        source = here.open(entry.name)
    except FileNotFoundError:
        return  # deleted since it was listed
    with source:
        there.save(entry.name, File(source))
    if (size := there.size(entry.name)) != entry.size:
        raise CommandFailed(f"{entry.name} has {entry.size} bytes and arrived with {size}. Call it again.")


def _delete_all(here: Store, there: Store) -> int:
    """Delete what is there with the same size."""
    present, deleted = _sizes(there), 0
    for entry in list(here.list_all()):
        if present.get(entry.name) == entry.size:
            here.delete(entry.name)
            deleted += 1
    return deleted
