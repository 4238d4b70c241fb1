"""From one use of an asset to the file that a connector reads."""

import hashlib
from collections.abc import Callable, Iterable
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from kaja.content.document import Crop, MediaItem
from kaja.content.media.crop import crop_box
from kaja.content.media.images import cut_picture
from kaja.content.models import Asset
from kaja.networks.kit.content import Media, MediaKind
from kaja.networks.kit.problems import Problem, gettext_noop
from kaja.workspaces.errors import NotFound, Refused


def render_key(item: MediaItem) -> str:
    """A name for the bytes: the asset, and the crop if there is one. `parse_key` reads it back."""
    if item.crop is None:
        return str(item.asset)
    crop = item.crop
    return f"{item.asset}:{crop.x:.6f},{crop.y:.6f},{crop.width:.6f},{crop.height:.6f}"


def parse_key(key: str, alt: str = "") -> MediaItem:
    """One use of an asset from a `Media.key` (what a frozen delivery keeps)."""
    asset, _, numbers = key.partition(":")
    if not numbers:
        return MediaItem(asset=UUID(asset), alt=alt)
    x, y, width, height = (float(n) for n in numbers.split(","))
    return MediaItem(asset=UUID(asset), alt=alt, crop=Crop(x=x, y=y, width=width, height=height))


def _file_missing(filename: str) -> Refused:
    return NotFound(
        Problem(
            code="media_file_missing",
            message=gettext_noop("The file “%(filename)s” is gone from the media storage."),
            field="parts",
            fix=gettext_noop("Upload it again; if many are gone, the operator should look at the media folder."),
            params={"filename": filename},
        )
    )


def read_file(name: str, filename: str) -> bytes:
    """The bytes of a stored file, or a refusal that names it."""
    try:
        with default_storage.open(name) as file:
            data: bytes = file.read()
            return data
    except FileNotFoundError:
        raise _file_missing(filename) from None


def rendition_name(asset: Asset, crop: Crop) -> str:
    """Where the cut-out stands: beside the original, named after the rectangle."""
    digest = hashlib.sha256(render_key(MediaItem(asset=asset.id, crop=crop)).encode()).hexdigest()[:16]
    folder, _, last = asset.file.rpartition("/")
    stem, _, ending = last.rpartition(".")
    return f"{folder}/{stem}-{digest}.{ending}"


def ensure_rendition(asset: Asset, crop: Crop) -> str:
    """The storage name of a cut-out; cut on first use and kept, so that every reader gets the same bytes."""
    name = rendition_name(asset, crop)
    if not default_storage.exists(name):
        box = crop_box(crop, asset.width, asset.height)
        data = cut_picture(read_file(asset.file, asset.filename), box, asset.filename)
        default_storage.save(name, ContentFile(data))
    return name


def _reader(name: str, filename: str) -> Callable[[], bytes]:
    return lambda: read_file(name, filename)


def open_asset(asset: Asset, item: MediaItem) -> Media:
    """The file of one use. Videos and animations are not cut."""
    kind: MediaKind = "video" if asset.kind == "video" else "gif" if asset.kind == "gif" else "image"
    name, size, width, height, sha256 = asset.file, asset.size, asset.width, asset.height, asset.sha256
    if item.crop is not None and kind == "image":
        name = ensure_rendition(asset, item.crop)
        size = default_storage.size(name)
        left, top, right, bottom = crop_box(item.crop, asset.width, asset.height)
        width, height, sha256 = right - left, bottom - top, ""
    return Media(
        key=render_key(item),
        kind=kind,
        mime=asset.mime,
        size=size,
        width=width,
        height=height,
        alt=item.alt or asset.alt,
        duration=asset.duration,
        sha256=sha256,
        filename=asset.filename,
        codec=str(asset.facts.get("codec", "")),
        pixels=str(asset.facts.get("pixels", "")),
        read=_reader(name, asset.filename),
    )


def open_assets(items: Iterable[MediaItem]) -> dict[MediaItem, Media]:
    """The files of many uses, with one query."""
    wanted = list(dict.fromkeys(items))
    if not wanted:
        return {}
    assets = {a.id: a for a in Asset.objects.filter(id__in={item.asset for item in wanted})}
    opened: dict[MediaItem, Media] = {}
    for item in wanted:
        if item.asset not in assets:
            raise NotFound(
                Problem(
                    code="asset_not_found",
                    message=gettext_noop("A picture or video of this post is no longer there."),
                    field="parts",
                    fix=gettext_noop("Remove it from the post and upload it again."),
                )
            )
        opened[item] = open_asset(assets[item.asset], item)
    return opened
