"""Cut-outs of pictures, and pictures that fit a network: made when first wanted, kept for a while, made again."""

import hashlib
import re
from datetime import timedelta

from django.core.files.base import ContentFile

from kaja.kernel.clock import now
from kaja.media.crop import Crop, crop_box
from kaja.media.images import cut_picture
from kaja.media.models import Asset
from kaja.media.store import Store, open_media_store, open_rendition_store
from kaja.media.stored import read_file
from kaja.networks.kit.image_rules import ImageRules
from kaja.networks.kit.media import fit_image

KEPT = timedelta(days=30)
MOST = 20
"""Cut-outs of one picture at a time; the oldest goes."""
ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/gif": "gif"}
"""Of pictures that are fitted to rules."""
_FORMER = re.compile(r"[0-9a-f]{16}-[0-9a-f]{16}\.\w+")
"""Names of cut-outs from when they stood beside the pictures."""


def render_crop(crop: Crop) -> str:
    """A rectangle as text: what addresses and keys name it by."""
    return f"{crop.x:.6f},{crop.y:.6f},{crop.width:.6f},{crop.height:.6f}"


def render_rules(rules: ImageRules) -> str:
    """What a network takes as text."""
    ratios = "" if rules.ratios is None else f"{rules.ratios[0]:.4f}-{rules.ratios[1]:.4f}"
    return ";".join((str(rules.max_bytes), ",".join(rules.mimes), str(rules.max_side), str(rules.animated), ratios))


def parse_rules(text: str) -> ImageRules:
    """Back from text. Raises ValueError."""
    most, mimes, side, animated, ratios = text.split(";")
    low, _, high = ratios.partition("-")
    span = (float(low), float(high)) if ratios else None
    return ImageRules(int(most), tuple(mimes.split(",")), int(side), animated == "True", span)


def parse_crop(text: str) -> Crop:
    """Back from text. Raises ValueError."""
    x, y, width, height = (float(number) for number in text.split(","))
    return Crop(x=x, y=y, width=width, height=height)


def _folder(asset: Asset) -> str:
    return f"{asset.workspace_id}/{asset.id}"


def ensure_rendition(asset: Asset, crop: Crop | None, rules: ImageRules | None = None) -> str:
    """The name in the store of a cut-out, or of a picture that was fitted to a network's rules; it is there now.

    Raises UploadRefused, NotFound, StoreAway, and with rules ImageRefused.
    """
    folder, store = _folder(asset), open_rendition_store()
    what = "" if crop is None else render_crop(crop)
    if rules is None:
        name = _name(folder, what, asset.file.rpartition(".")[2])
        if not store.exists(name):
            _keep(store, folder, name, _cut(asset, crop))
        return name
    what = f"{what}|{render_rules(rules)}"
    for mime in rules.mimes:
        if mime in ENDINGS and store.exists(name := _name(folder, what, ENDINGS[mime])):
            return name
    fitted = fit_image(_cut(asset, crop), rules)
    name = _name(folder, what, ENDINGS[fitted.mime])
    _keep(store, folder, name, fitted.content)
    return name


def _name(folder: str, what: str, ending: str) -> str:
    return f"{folder}/{hashlib.sha256(what.encode()).hexdigest()[:16]}.{ending}"


def _cut(asset: Asset, crop: Crop | None) -> bytes:
    data = read_file(asset.file, asset.filename)
    return data if crop is None else cut_picture(data, crop_box(crop, asset.width, asset.height), asset.filename)


def _keep(store: Store, folder: str, name: str, data: bytes) -> None:
    """Keep one more, and let the oldest go where there are too many."""
    entries = sorted(store.list_all(f"{folder}/"), key=lambda entry: entry.modified)
    for entry in entries[: max(0, len(entries) - MOST + 1)]:
        store.delete(entry.name)
    store.save(name, ContentFile(data))


def read_rendition(asset: Asset, crop: Crop) -> bytes:
    """The bytes of a cut-out, which is made again when it was swept meanwhile."""
    with open_rendition_store().open(ensure_rendition(asset, crop)) as file:
        data: bytes = file.read()
        return data


def sweep_renditions() -> int:
    """Delete what nobody asked for lately (in a workspace's whole folder, without the database). How many it were."""
    made, files = open_rendition_store(), open_media_store()
    old = [entry.name for entry in made.list_all() if entry.modified < now() - KEPT]
    former = [entry.name for entry in files.list_all() if _FORMER.fullmatch(entry.name.rpartition("/")[2])]
    for name in old:
        made.delete(name)
    for name in former:
        files.delete(name)
    return len(old) + len(former)
