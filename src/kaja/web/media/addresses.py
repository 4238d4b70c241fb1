"""Where this application serves files; cut-outs only to addresses that it made itself."""

from uuid import UUID

from django.core.signing import Signer
from django.urls import reverse
from django.utils.crypto import constant_time_compare

from kaja.content.models import Post
from kaja.media.item import MediaItem
from kaja.media.renditions import render_crop

_SIGNER = Signer(salt="kaja.web.media.crop")


def _sign(asset_id: UUID, crop: str) -> str:
    return _SIGNER.signature(f"{asset_id}:{crop}")[:22]


def media_url(slug: str, item: MediaItem, *, thumbnail: bool = False) -> str:
    """The address of a file, its cut-out, or its thumbnail."""
    url = reverse("media:thumbnail" if thumbnail else "media:file", args=[slug, item.asset])
    if item.crop is None or thumbnail:
        return url
    crop = render_crop(item.crop)
    return f"{url}?crop={crop}&by={_sign(item.asset, crop)}"


def is_ours(asset_id: UUID, crop: str, signature: str) -> bool:
    """Whether an address of a cut-out was made by `media_url`: else any reader could have thousands cut and kept."""
    return constant_time_compare(_sign(asset_id, crop), signature)


def thumbnail_of(slug: str, post: Post) -> str:
    """Where the small picture of a post's first file is served; empty without one."""
    for part in post.document.get("parts", ()):
        for item in part.get("media", ()):
            return media_url(slug, MediaItem.model_validate(item), thumbnail=True)
    return ""
