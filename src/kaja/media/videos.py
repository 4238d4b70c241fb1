"""Films: read behind the border (`decode.films`), cleaned where they stand."""

import tempfile
from dataclasses import dataclass
from typing import IO, Any

from kaja.border import Declined, ForeignTrouble, run_bounded
from kaja.kernel.outside import leave_database
from kaja.media import refusals
from kaja.media.patched import Patch, PatchedFile

MAX_BYTES = 1000 * 1000 * 1000
SECONDS = 120.0
"""Of processor time: the index of a film of four hours, and 300 frames of the largest."""
MEMORY = 1_500_000_000
SMALL = 5_000_000  # bytes; more goes over the border as an open file


@dataclass(frozen=True)
class Video:
    """What a network asks of a video. Sizes in pixels as shown (rotation and shape of pixels applied), in seconds."""

    mime: str
    ending: str
    width: int
    height: int
    duration: float
    codec: str
    pixels: str
    fps: float
    audio: str
    poster: bytes


def read_video(file: IO[bytes], size: int, filename: str) -> tuple[PatchedFile, Video]:
    """The film without places, dates and devices, and what is in it. Raises UploadRefused."""
    leave_database()
    try:
        found = run_bounded(_read, open_across(file, size), seconds=SECONDS, memory=MEMORY)
    except Declined as declined:
        raise refusals.declined(filename, declined) from None
    except ForeignTrouble as trouble:
        raise refusals.troubled(filename, trouble) from trouble
    patches = [Patch(at, content, zeros) for at, content, zeros in found.pop("patches")]
    return PatchedFile(file, size, patches), Video(**found)


def _read(source: IO[bytes] | bytes) -> dict[str, Any]:
    # FFmpeg's libraries are loaded on the other side only.
    from kaja.media.decode import films

    return films.read(source)


def open_across(file: IO[bytes], size: int) -> Any:
    """The file as it can cross the border: bytes, or one that is really open. Many may wait there for their turn, and
    what is large is in nobody's memory meanwhile."""
    file.seek(0)
    if size <= SMALL:
        return file.read()
    try:
        file.fileno()
    except (AttributeError, OSError):
        spooled = tempfile.TemporaryFile()  # noqa: SIM115 closed by whoever forgets it last
        while block := file.read(1 << 20):
            spooled.write(block)
        spooled.flush()
        return spooled
    return file
