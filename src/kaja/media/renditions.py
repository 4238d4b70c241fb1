"""Cut-outs of pictures: made when they are first wanted, kept for a while, made again."""

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, default_storage, storages

from kaja.kernel.clock import now
from kaja.media.crop import Crop, crop_box
from kaja.media.images import cut_picture
from kaja.media.models import Asset
from kaja.media.stored import read_file

KEPT = timedelta(days=30)
MOST = 20
"""Cut-outs of one picture at a time; the oldest goes."""
_FORMER = re.compile(r"[0-9a-f]{16}-[0-9a-f]{16}\.\w+")
"""Names of cut-outs from when they stood beside the pictures."""


def rendition_storage() -> Storage:
    """Where they stand; `ensure_rendition` names them in it."""
    return storages["renditions"]


def render_crop(crop: Crop) -> str:
    """A rectangle as text: what addresses and keys name it by."""
    return f"{crop.x:.6f},{crop.y:.6f},{crop.width:.6f},{crop.height:.6f}"


def parse_crop(text: str) -> Crop:
    """Back from text. Raises ValueError."""
    x, y, width, height = (float(number) for number in text.split(","))
    return Crop(x=x, y=y, width=width, height=height)


def _folder(workspace_id: UUID, asset_id: UUID) -> str:
    return f"{workspace_id}/{asset_id}"


def ensure_rendition(asset: Asset, crop: Crop) -> str:
    """The storage name of a cut-out, which is there now. Raises UploadRefused, NotFound."""
    folder = _folder(asset.workspace_id, asset.id)
    digest = hashlib.sha256(render_crop(crop).encode()).hexdigest()[:16]
    name = f"{folder}/{digest}.{asset.file.rpartition('.')[2]}"
    storage = rendition_storage()
    if not storage.exists(name):
        box = crop_box(crop, asset.width, asset.height)
        data = cut_picture(read_file(asset.file, asset.filename), box, asset.filename)
        _make_room(storage, folder)
        storage.save(name, ContentFile(data))
    return name


def _made_at(storage: Storage, name: str) -> datetime:
    """When it was made; long ago for one that somebody else has deleted since it was listed."""
    try:
        return storage.get_modified_time(name)
    except FileNotFoundError:
        return datetime.min.replace(tzinfo=UTC)


def _make_room(storage: Storage, folder: str) -> None:
    try:
        names = [f"{folder}/{name}" for name in storage.listdir(folder)[1]]
    except FileNotFoundError:
        return
    if len(names) >= MOST:
        by_age = sorted(names, key=lambda name: _made_at(storage, name))
        for name in by_age[: len(names) - MOST + 1]:
            storage.delete(name)


def read_rendition(asset: Asset, crop: Crop) -> bytes:
    """The bytes of a cut-out, which is made again when it was swept meanwhile."""
    with rendition_storage().open(ensure_rendition(asset, crop)) as file:
        data: bytes = file.read()
        return data


def sweep_renditions() -> int:
    """Delete what nobody asked for lately (in a workspace's whole folder, without the database). How many it were."""
    storage = rendition_storage()
    old = [name for name in _walk(storage) if _made_at(storage, name) < now() - KEPT]
    former = [name for name in _walk(default_storage) if _FORMER.fullmatch(name.rpartition("/")[2])]
    for name in old:
        storage.delete(name)
    for name in former:
        default_storage.delete(name)
    return len(old) + len(former)


def _walk(storage: Storage, folder: str = "") -> Iterator[str]:
    try:
        folders, files = storage.listdir(folder)
    except FileNotFoundError:
        return
    for name in files:
        yield f"{folder}/{name}".lstrip("/")
    for name in folders:
        yield from _walk(storage, f"{folder}/{name}".lstrip("/"))
