"""Taking in a file: checked by content, cleaned, stored once."""

import errno
import hashlib
import logging
import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast
from uuid import UUID

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.db import connection, transaction
from django.utils.translation import gettext as _

from kaja.kernel.ids import new_id
from kaja.kernel.outside import leave_database
from kaja.kernel.tenancy import workspace_scope
from kaja.media import images, refusals, videos
from kaja.media.models import Asset
from kaja.media.sniff import Kind, kind_of_name, name_format, sniff
from kaja.media.store import StoreAway, open_media_store
from kaja.media.stored import refuse_away_files
from kaja.workspaces import audit, policy
from kaja.workspaces.actor import Actor

log = logging.getLogger(__name__)
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""No space on the disk, none left for this user, or a limit on a file's size that the operator set."""


@dataclass(frozen=True)
class _Taken:
    """A file that passed: what will be stored, and what the row says of it."""

    content: "File[bytes]"
    thumbnail: bytes
    size: int
    sha256: str
    ending: str
    fields: dict[str, Any] = field(default_factory=dict)


def clean_filename(name: str) -> str:
    """The last part of a name, without control characters and path signs, at most 120 characters."""
    last = re.split(r"[\\/]", unicodedata.normalize("NFC", name))[-1]
    last = "".join(c for c in last if unicodedata.category(c)[0] != "C" and c not in '<>:"|?*').strip(". ")
    stem, dot, ending = last.rpartition(".")
    if dot and len(last) > 120:
        return f"{stem[: 119 - len(ending)]}.{ending}"[-120:]
    return last[:120] or "file"


def _kind_words(kind: Kind) -> str:
    return {
        "image": _("a picture"),
        "video": _("a video"),
        "svg": _("an SVG drawing"),
        "text": _("text"),
        "document": _("a document"),
        "archive": _("an archive"),
        "sound": _("sound"),
    }.get(kind, _("something else"))


def _check_kind(head: bytes, filename: str) -> Kind:
    kind, promised = sniff(head), kind_of_name(filename)
    if named := name_format(head, filename):
        raise refusals.not_read(filename, named[0], film=named[1])
    if kind == "svg" or (promised == "svg" and kind in ("", "text")):
        raise refusals.svg(filename)
    if kind not in ("image", "video"):
        if promised in ("image", "video"):
            raise refusals.other_kind(filename, _kind_words(kind)) if kind else refusals.corrupt(filename)
        raise refusals.unknown(filename)
    if promised and promised != kind:
        raise refusals.other_kind(filename, _kind_words(kind))
    return kind


def _digest(file: IO[bytes]) -> str:
    file.seek(0)
    digest = hashlib.sha256()
    while block := file.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


class _Moved(File):  # type: ignore[type-arg]
    """A file that is moved to where it is stored, instead of being written a second time."""

    def temporary_file_path(self) -> str:
        return str(self.name)


def is_incoming(file: IO[bytes]) -> bool:
    """Whether a file was written by us while it came in, and is kept by nobody else."""
    name = getattr(file, "name", "")
    return isinstance(name, str) and Path(name).parent == Path(settings.FILE_UPLOAD_TEMP_DIR)


def _take(file: IO[bytes], size: int, filename: str) -> _Taken:
    file.seek(0)
    kind = _check_kind(file.read(1024), filename)
    limit = images.MAX_BYTES if kind == "image" else videos.MAX_BYTES
    if size > limit:
        raise refusals.too_large(filename, size, limit)
    if kind == "image":
        picture = images.read_picture(file, size, filename)
        measures = {"kind": picture.kind, "mime": picture.mime, "width": picture.width, "height": picture.height}
        digest = hashlib.sha256(picture.data).hexdigest()
        content: File[bytes] = ContentFile(picture.data)
        return _Taken(content, picture.thumbnail, len(picture.data), digest, picture.ending, measures)
    # What will be stored is what was looked into.
    patched, video = videos.read_video(file, size, filename)
    cleaned = cast("IO[bytes]", patched)
    measures = {
        "kind": "video",
        "mime": video.mime,
        "width": video.width,
        "height": video.height,
        "duration": video.duration,
        "facts": {"codec": video.codec, "pixels": video.pixels, "fps": video.fps, "audio": video.audio},
    }
    digest = _digest(cleaned)
    content = File(cleaned)
    if is_incoming(file):
        patched.write_into(file)
        content = _Moved(file)
    return _Taken(content, video.poster, size, digest, video.ending, measures)


def _store(name: str, content: "File[bytes]") -> str:
    content.seek(0)
    return open_media_store().save(name, content)


def _find_known(taken: _Taken) -> Asset | None:
    return Asset.objects.filter(sha256=taken.sha256, size=taken.size).first()


def _describe(actor: Actor, known: Asset, alt: str, typed: bool) -> Asset:
    if alt and alt != known.alt and (typed or not known.alt):
        return set_alt(actor, known, alt)
    return known


def _drop(*names: str) -> None:
    """What no row names. Where the store does not answer, it stays: nothing leads to it."""
    for name in names:
        try:
            open_media_store().delete(name)
        except OSError as error:
            log.warning("%s is left in the media store: %s", name, error)


def upload_asset(
    actor: Actor,
    workspace_id: UUID,
    file: IO[bytes],
    filename: str,
    size: int,
    alt: str = "",
    *,
    typed: bool = True,
) -> Asset:
    """Take a file into the workspace. The same bytes (after cleaning) are kept once. Raises UploadRefused.

    `alt` describes it from now on, also when it was known; unless no person `typed` it: then it only fills a gap.

    Called outside a scope, which is entered only to look and to write the row: cleaning and storing a film takes long.

    Metadata is removed from pictures and videos, and the pictures' orientation applied. A wrong ending between picture
    formats is fixed; a name that promises another kind of thing is refused.
    """
    policy.require(actor, policy.Permission.WRITE)
    filename = clean_filename(filename)
    if size <= 0:
        raise refusals.empty(filename)
    if size > videos.MAX_BYTES:
        raise refusals.too_large(filename, size, videos.MAX_BYTES)
    leave_database()
    taken = _take(file, size, filename)
    with workspace_scope(workspace_id):
        if known := _find_known(taken):
            return _describe(actor, known, alt, typed)
    leave_database()
    stem = filename.rpartition(".")[0] if "." in filename else filename
    asset_id = new_id()
    folder = f"{workspace_id}/{asset_id}"
    # Nobody else writes into this folder, so these are the names also of what is left half written.
    stored, thumbnail = f"{folder}/{taken.sha256[:16]}.{taken.ending}", f"{folder}/thumbnail.webp"
    try:
        stored = _store(stored, taken.content)
        thumbnail = _store(thumbnail, ContentFile(taken.thumbnail))
    except OSError as error:
        _drop(stored, thumbnail)
        if isinstance(error, StoreAway):
            raise refuse_away_files(error) from error
        if error.errno in NO_ROOM:
            raise refusals.refuse_full_disk() from error
        raise
    try:
        with workspace_scope(workspace_id):
            with connection.cursor() as cursor:  # two who bring the same wait for each other
                cursor.execute(
                    "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{workspace_id} {taken.sha256}"]
                )
            if known := _find_known(taken):
                asset = _describe(actor, known, alt, typed)
            else:
                asset = Asset.objects.create(
                    id=asset_id,
                    file=stored,
                    thumbnail=thumbnail,
                    filename=f"{stem}.{taken.ending}",
                    size=taken.size,
                    sha256=taken.sha256,
                    alt=alt,
                    uploaded_by_id=actor.user_id,
                    **taken.fields,
                )
                audit.record(actor, "asset.upload", asset, after={"filename": asset.filename, "size": asset.size})
    except Exception:  # whatever it was, no row names these files; it is raised on
        _drop(stored, thumbnail)
        raise
    if asset.id != asset_id:
        _drop(stored, thumbnail)  # outside of the scope: the store may be far away
    return asset


@transaction.atomic
def set_alt(actor: Actor, asset: Asset, alt: str) -> Asset:
    """The description that new uses of the file begin with."""
    policy.require(actor, policy.Permission.WRITE)
    before, asset.alt = asset.alt, alt[:10_000]
    asset.save(update_fields=["alt"])
    audit.record(actor, "asset.alt", asset, {"alt": before}, {"alt": asset.alt})
    return asset
