"""From one use of an asset to the file that a connector reads."""

from collections.abc import Callable, Iterable
from functools import partial
from uuid import UUID

from kaja.kernel.problems import NotFound, Problem, gettext_noop
from kaja.media.crop import Crop, crop_box
from kaja.media.item import MediaItem
from kaja.media.links import publisher_of
from kaja.media.models import Asset
from kaja.media.renditions import parse_crop, read_rendition, render_crop
from kaja.media.store import StoreAway
from kaja.media.stored import open_file, read_file, refuse_away_files
from kaja.networks.kit.content import Media, MediaKind
from kaja.networks.kit.egress import NotSent


def refuse_gone_asset() -> NotFound:
    """What is said of a post that names a file which this workspace does not have."""
    return NotFound(
        Problem(
            code="asset_not_found",
            message=gettext_noop("A picture or video of this post is no longer there."),
            field="parts",
            fix=gettext_noop("Remove it from the post and upload it again."),
        )
    )


def render_key(item: MediaItem) -> str:
    """A name for the bytes: the asset, and the crop if there is one. `parse_key` reads it back."""
    if item.crop is None:
        return str(item.asset)
    return f"{item.asset}:{render_crop(item.crop)}"


def parse_key(key: str, alt: str = "") -> MediaItem:
    """One use of an asset from a `Media.key` (what a frozen delivery keeps)."""
    asset, _, numbers = key.partition(":")
    if not numbers:
        return MediaItem(asset=UUID(asset), alt=alt)
    return MediaItem(asset=UUID(asset), alt=alt, crop=parse_crop(numbers))


def _reader(asset: Asset, crop: Crop | None) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            return read_file(asset.file, asset.filename) if crop is None else read_rendition(asset, crop)
        except StoreAway as error:
            # For a network it is as if nothing had been sent; the delivery is tried again.
            raise NotSent(refuse_away_files(error).problems[0]) from error

    return read


def open_asset(asset: Asset, item: MediaItem) -> Media:
    """The file of one use. Videos and animations are not cut; the size of a cut-out is an estimate."""
    kind: MediaKind = "video" if asset.kind == "video" else "gif" if asset.kind == "gif" else "image"
    size, width, height, sha256 = asset.size, asset.width, asset.height, asset.sha256
    crop = item.crop if kind == "image" else None
    if crop is not None:
        left, top, right, bottom = crop_box(crop, asset.width, asset.height)
        width, height, sha256 = right - left, bottom - top, ""
        # Cut when it is read: this here is asked for in transactions, and cutting takes time.
        size = max(1, round(asset.size * width * height / (asset.width * asset.height)))
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
        read=_reader(asset, crop),
        source=None if crop is not None else partial(open_file, asset.file, asset.filename),
        publish=publisher_of(asset, crop),
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
            raise refuse_gone_asset()
        opened[item] = open_asset(assets[item.asset], item)
    return opened
