"""The backup file: a tar with the database, the files and the keys, and a manifest that says what is in it."""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol, cast

from kaja.cli.signing import sign

if TYPE_CHECKING:
    from kaja.media.store import Entry, Store

FORMAT = 1
SIGNATURE = "KAJA.signature"
"""A header of the manifest's entry (pax_headers of tar), which every older version passes over: the backup that is made
before an update is for the older version, and it must be able to read it."""
DATABASE = "database.dump"
MANIFEST = "manifest.json"
KEYS = ("keys.json", "secret-key")
FOLDERS = ("media", "practice")
DRAFT = ".draft-"
"""How names of files begin that are not whole yet (`media/store/folder.py`)."""


class BadArchive(Exception):
    """The file is not a whole backup of Kaja; the message says what is wrong with it."""


@dataclass
class Manifest:
    """What a backup holds. `files` maps a name to its SHA-256; `migrations` are (app, name) pairs."""

    kaja: str
    postgres: int
    created_at: str
    with_keys: bool
    migrations: list[tuple[str, str]]
    files: dict[str, str] = field(default_factory=dict)
    format: int = FORMAT
    with_media: bool = True

    def render(self) -> bytes:
        """The text that stands in the file, and that is signed. Of what the first version did not know only that which
        differs from what it would take for granted, for it refuses what it does not know."""
        told = asdict(self)
        if self.with_media:
            del told["with_media"]
        return json.dumps(told, indent=1).encode()

    @classmethod
    def parse(cls, text: bytes) -> "Manifest":
        """What a newer version added within the format is passed over."""
        try:
            raw = json.loads(text)
            if raw["format"] > FORMAT:
                raise BadArchive(f"it was made by a newer Kaja ({raw['kaja']}): update Kaja first")
            raw["migrations"] = [(str(app), str(name)) for app, name in raw["migrations"]]
            return cls(**{each.name: raw[each.name] for each in fields(cls) if each.name in raw})
        except (ValueError, KeyError, TypeError) as error:
            raise BadArchive("its manifest cannot be read") from error


class _Hashing(io.RawIOBase):
    """Reads a file and hashes what was read, so that the checksum is of the bytes that went into the archive."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        block = self._stream.read(size)
        self.digest.update(block)
        return block


class Source(Protocol):
    """What goes into a backup: something to be read, with a size."""

    def open(self) -> IO[bytes]: ...
    def describe(self, stream: IO[bytes], name: str) -> tarfile.TarInfo: ...


@dataclass(frozen=True)
class OnDisk:
    """A file of this machine."""

    path: Path

    def open(self) -> IO[bytes]:
        return self.path.open("rb")

    def describe(self, stream: IO[bytes], name: str) -> tarfile.TarInfo:
        about, entry = os.fstat(stream.fileno()), tarfile.TarInfo(name)
        entry.size, entry.mtime, entry.mode = about.st_size, about.st_mtime, about.st_mode & 0o777
        return entry


@dataclass(frozen=True)
class InStore:
    """A file of a store."""

    store: "Store"
    entry: "Entry"

    def open(self) -> IO[bytes]:
        return cast("IO[bytes]", self.store.open(self.entry.name))

    def describe(self, stream: IO[bytes], name: str) -> tarfile.TarInfo:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mtime, entry.mode = self.entry.size, int(self.entry.modified.timestamp()), 0o600
        return entry


def list_files(home: Path, *folders: str) -> Iterator[tuple[str, OnDisk]]:
    """The files of the data folder that a backup holds, with their names in it."""
    for folder in folders or FOLDERS:
        for path in sorted((home / folder).rglob("*")):
            if path.is_file() and not path.is_symlink() and not path.name.startswith(DRAFT):
                yield path.relative_to(home).as_posix(), OnDisk(path)


def list_stored(store: "Store") -> Iterator[tuple[str, InStore]]:
    """The files of a store that takes the place of the folder of media."""
    for entry in store.list_all():
        yield f"media/{entry.name}", InStore(store, entry)


def write_archive(target: Path, manifest: Manifest, files: Iterable[tuple[str, Source]], key: bytes) -> None:
    """Write a backup, signed with the installation's `key`, readable only for its owner. Never overwrites.

    It stands under its name only when it is whole.
    """
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar:
                for name, source in files:
                    try:
                        manifest.files[name] = _add(tar, name, source)
                    except FileNotFoundError:
                        continue  # deleted by a user since it was listed
                text = manifest.render()
                entry = tarfile.TarInfo(MANIFEST)
                entry.size = len(text)
                entry.pax_headers = {SIGNATURE: sign(key, text)}
                tar.addfile(entry, io.BytesIO(text))
            stream.flush()
            os.fsync(stream.fileno())
        os.link(draft, target)  # unlike a rename, fails when the name is taken
    finally:
        draft.unlink(missing_ok=True)


def _add(tar: tarfile.TarFile, name: str, source: Source) -> str:
    with source.open() as stream:
        entry = source.describe(stream, name)
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        hashing = _Hashing(stream)
        tar.addfile(entry, hashing)
    return hashing.digest.hexdigest()


@dataclass(frozen=True)
class Unpacked:
    """What a backup says of itself; `text` is its manifest as it stands in the file, and `signature` what is said to be
    over it (empty: none)."""

    manifest: Manifest
    text: bytes
    signature: str


def unpack_archive(source: Path, folder: Path) -> Unpacked:
    """Unpack a backup into an empty folder and verify every checksum. Raises BadArchive, naming what is damaged."""
    signature = ""
    try:
        with tarfile.open(source, mode="r:") as tar:
            for entry in tar:
                if not _is_ours(entry):
                    raise BadArchive(f"it holds {entry.name!r}, which no backup of Kaja holds")
                if entry.name == MANIFEST:
                    signature = entry.pax_headers.get(SIGNATURE, "")
                tar.extract(entry, folder, filter="data")
    except (tarfile.TarError, EOFError) as error:
        raise BadArchive(f"it is not a whole tar file ({error})") from error
    if not (folder / MANIFEST).is_file():
        raise BadArchive("it has no manifest: it was cut off, or is no backup of Kaja")
    text = (folder / MANIFEST).read_bytes()
    manifest = Manifest.parse(text)
    (folder / MANIFEST).unlink()
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    for name in sorted(manifest.files.keys() | found.keys()):
        if name not in found:
            raise BadArchive(f"{name} is missing in it")
        with found[name].open("rb") as stream:
            if manifest.files.get(name) != hashlib.file_digest(stream, "sha256").hexdigest():
                raise BadArchive(f"{name} is damaged (its checksum is another)")
    if DATABASE not in found:
        raise BadArchive("it holds no database")
    return Unpacked(manifest, text, signature)


def _is_ours(entry: tarfile.TarInfo) -> bool:
    top = entry.name.split("/", 1)[0]
    # A sparse file says in a few bytes that it has terabytes, which would be written and checked.
    return entry.isfile() and not entry.issparse() and (entry.name in {DATABASE, MANIFEST, *KEYS} or top in FOLDERS)
