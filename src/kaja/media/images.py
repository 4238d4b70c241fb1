"""Pictures: read behind the border (`decode.pictures`)."""

from dataclasses import dataclass
from typing import IO, Any

from kaja.border import Declined, ForeignTrouble, run_bounded
from kaja.kernel.outside import leave_database
from kaja.media import refusals
from kaja.media.videos import open_across

MAX_BYTES = 50 * 1000 * 1000
SECONDS = 60.0
"""Of processor time: a hundred megapixels in the slowest format, or a thousand frames."""
MEMORY = 1_200_000_000
"""Bytes: a hundred megapixels with transparency, twice (as they were and upright), and what is written."""


@dataclass(frozen=True)
class Picture:
    """A picture that is safe to keep. `kind` is image or gif (animated, of any format); sizes in pixels."""

    data: bytes
    kind: str
    mime: str
    ending: str
    width: int
    height: int
    thumbnail: bytes


def read_picture(file: IO[bytes], size: int, filename: str) -> Picture:
    """Check a picture by decoding it and make it fit to keep. Raises UploadRefused."""
    leave_database()
    try:
        return Picture(**run_bounded(_read, open_across(file, size), seconds=SECONDS, memory=MEMORY))
    except Declined as declined:
        raise refusals.declined(filename, declined) from None
    except ForeignTrouble as trouble:
        raise refusals.troubled(filename, trouble) from trouble


def cut_picture(data: bytes, box: tuple[int, int, int, int], filename: str) -> bytes:
    """A rectangle (left, top, right, bottom) of a stored picture as a file of its own. Raises UploadRefused."""
    leave_database()
    try:
        return run_bounded(_cut, data, box, seconds=SECONDS, memory=MEMORY)
    except Declined as declined:
        raise refusals.declined(filename, declined) from None
    except ForeignTrouble as trouble:
        raise refusals.troubled(filename, trouble) from trouble


def _read(source: IO[bytes] | bytes) -> dict[str, Any]:
    # Pillow is loaded on the other side only.
    from kaja.media.decode import pictures

    return pictures.read(source if isinstance(source, bytes) else source.read())


def _cut(data: bytes, box: tuple[int, int, int, int]) -> bytes:
    from kaja.media.decode import pictures

    return pictures.cut(data, box)
