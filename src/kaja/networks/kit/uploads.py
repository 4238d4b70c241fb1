"""Files on their way up: a name of its own for each, and a key for each use of one in a post."""

import asyncio
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from kaja.networks.kit.content import Media
from kaja.networks.kit.guards import Failed
from kaja.networks.kit.image_rules import ImageRefused, ImageRules
from kaja.networks.kit.media import fit_image, fit_moving
from kaja.networks.kit.results import Rejected
from kaja.networks.kit.wire import FileBody

T = TypeVar("T")

MOST_NAME = 120
"""Bytes. File systems end at 255, and servers add sizes and numbers of their own ("-2560x1440-scaled-1")."""
_ENDINGS = {"image/jpeg": "jpg", "video/quicktime": "mov", "video/x-matroska": "mkv"}


UPLOAD_SECONDS = 300.0
LINK_LASTS = timedelta(hours=24)
"""Networks fetch at once, or within their own retries."""


@dataclass(frozen=True)
class Upload:
    """A file as it goes up: a film in pieces, a picture within what the network takes."""

    content: bytes | FileBody
    mime: str
    width: int
    height: int
    filename: str

    @property
    def in_form(self) -> tuple[str, bytes | FileBody, str]:
        """As a field of a form."""
        return self.filename, self.content, self.mime


async def open_upload(
    media: Media, pictures: ImageRules, *, moving: ImageRules | None = None, field: str = "parts.0.media"
) -> Upload:
    """Make a file ready: pictures upright, without metadata, small enough; videos as they are. Raises Failed.

    An animation goes as it is, unless `moving` says what it has to become: a GIF, or with other types a still picture.
    """
    if media.kind == "video" or (media.kind == "gif" and moving is None):
        content = FileBody(media.open, media.size) if media.kind == "video" else await asyncio.to_thread(media.read)
        return Upload(content, media.mime, media.width, media.height, name_upload(media, media.mime))
    fit = fit_moving if moving is not None and moving.mimes == ("image/gif",) and media.kind == "gif" else fit_image
    rules = pictures if media.kind == "image" or moving is None else moving
    try:
        fitted = await asyncio.to_thread(lambda: fit(media.read(), rules))
    except ImageRefused as refused:
        raise Failed(refused.as_result(field)) from refused
    return Upload(fitted.content, fitted.mime, fitted.width, fitted.height, name_upload(media, fitted.mime))


async def open_link(
    media: Media, pictures: ImageRules, *, lasts: timedelta = LINK_LASTS, field: str = "parts.0.media"
) -> str | None:
    """Where a network that fetches files by itself (Instagram, Threads, TikTok, Pinterest ...) finds this one; None
    where nobody reaches this Kaja from outside. Raises Failed, TransportError."""
    try:
        return await asyncio.to_thread(media.public_url, lasts, pictures if media.kind == "image" else None)
    except ImageRefused as refused:
        raise Failed(refused.as_result(field)) from refused


async def have_fetched(media: Media, pictures: ImageRules, ask: Callable[[str], Awaitable[T]]) -> T | None:
    """What `ask` gives for an address at which the network can fetch the file; None where it cannot, or does not want
    to, and has to be sent it. Raises Failed, TransportError."""
    if (url := await open_link(media, pictures)) is None:
        return None
    try:
        return await ask(url)
    except Failed as failed:
        if isinstance(failed.result, Rejected):
            return None
        raise


def name_upload(media: Media, mime: str) -> str:
    """A name that no other upload has, since some servers keep files by their name: two called image.png became one.

    The ending is that of the content; what is too long is cut by bytes, in which a letter may take four.
    """
    ending = _ENDINGS.get(mime, mime.rsplit("/", 1)[-1])
    tail = f"-{secrets.token_hex(4)}.{ending}"
    stem = media.filename.rpartition(".")[0].encode()[: MOST_NAME - len(tail)].decode(errors="ignore").strip(" .-")
    return (stem or "file") + tail


def list_keys(media: Sequence[Media]) -> list[str]:
    """A key for each file of a post. One file used twice goes up twice: each use has its own description."""
    seen: Counter[str] = Counter()
    keys = []
    for item in media:
        seen[item.key] += 1
        keys.append(item.key if seen[item.key] == 1 else f"{item.key}#{seen[item.key]}")
    return keys
