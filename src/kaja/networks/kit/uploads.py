"""Files on their way up: a name of its own for each, and a key for each use of one in a post."""

import secrets
from collections import Counter
from collections.abc import Sequence

from kaja.networks.kit.content import Media

MOST_NAME = 120
"""Bytes. File systems end at 255, and servers add sizes and numbers of their own ("-2560x1440-scaled-1")."""
_ENDINGS = {"image/jpeg": "jpg", "video/quicktime": "mov", "video/x-matroska": "mkv"}


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
