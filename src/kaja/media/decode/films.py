"""Films: freed of what they say beside picture and sound, then looked into.

The file is opened as bytes with a fixed demuxer, so that a playlist or a reference inside it can never make FFmpeg open
something else.
"""

import io
import struct
from typing import IO, Any, cast

import av
import av.error
from PIL import Image

from kaja.border import Declined
from kaja.media import boxes, ebml
from kaja.media.decode.pictures import MAX_PIXELS, render_thumbnail
from kaja.media.patched import Patch, PatchedFile

MAX_SECONDS = 4 * 3600.0
POSTER_AT = 1.0  # seconds; the very first frame is often black
MOST_FRAMES = 300  # decoded on the way to the poster
COMMON = ("h264", "hevc", "vp8", "vp9", "av1", "libdav1d", "mpeg4")
"""Of these every program knows all sorts: what cannot be read is damaged."""


def is_whole_mp4(file: IO[bytes], size: int) -> bool:
    """Whether every top-level box of an ISO media file ends inside the file."""
    at = 0
    while at < size:
        file.seek(at)
        head = file.read(16)
        if len(head) < 8:
            return False
        length = struct.unpack(">I", head[:4])[0]
        if length == 1:
            if len(head) < 16:
                return False
            length = struct.unpack(">Q", head[8:16])[0]
        elif length == 0:
            length = size - at
        if length < 8 or at + length > size:
            return False
        at += length
    return True


def is_matroska(file: IO[bytes]) -> bool:
    """Whether the file begins as Matroska and WebM do."""
    file.seek(0)
    return file.read(4) == b"\x1a\x45\xdf\xa3"


def find_patches(file: IO[bytes], size: int) -> list[Patch]:
    """What to blot out of a film. Raises Declined, and what damaged files lead to."""
    matroska = is_matroska(file)
    if not matroska and not is_whole_mp4(file, size):
        raise Declined("corrupt")
    try:
        return ebml.find_patches(file, size) if matroska else boxes.find_patches(file, size)
    except boxes.NotCleanable:
        raise Declined("not_cleanable") from None


def read(source: IO[bytes] | bytes) -> dict[str, Any]:
    """Look into a film as it will be kept. Gives what to blot out (`patches`: place, content, zeros) and its facts."""
    file: IO[bytes] = io.BytesIO(source) if isinstance(source, bytes) else source
    size = file.seek(0, io.SEEK_END)
    patches = find_patches(file, size)
    cleaned = cast("IO[bytes]", PatchedFile(file, size, patches))
    matroska = is_matroska(file)
    cleaned.seek(0)
    try:
        with av.open(cleaned, format="matroska" if matroska else "mp4", metadata_errors="ignore") as container:
            facts = _probe(container, matroska, cleaned)
    except av.error.FFmpegError as error:
        if isinstance(error, MemoryError):
            raise
        raise Declined("corrupt") from None
    return {**facts, "patches": [(patch.at, patch.content, patch.zeros) for patch in patches]}


def _probe(container: Any, matroska: bool, file: IO[bytes]) -> dict[str, Any]:
    if not container.streams.video:
        raise Declined("sound")
    stream = container.streams.video[0]
    if stream.codec_context is None:
        raise Declined("codec", codec=_tag_of(file))
    stream.codec_context.thread_count = 1
    width, height = stream.codec_context.width, stream.codec_context.height
    if width * height > MAX_PIXELS or width * height <= 0:
        raise Declined("too_many_pixels", width=width, height=height, limit=MAX_PIXELS)
    seconds = float(container.duration or 0) / av.time_base
    if not seconds and stream.duration and stream.time_base:
        seconds = float(stream.duration * stream.time_base)
    _check_length(seconds)
    codec = stream.codec_context.name
    try:
        frame = _frame(container, stream, min(POSTER_AT, seconds / 2))
    except (av.error.InvalidDataError, av.error.ArgumentError, av.error.PatchWelcomeError):
        frame = None
    if frame is None:
        raise Declined("corrupt") if codec in COMMON else Declined("codec", codec=codec)
    if not seconds:
        seconds = _played(container, stream)
        _check_length(seconds)
    image = _upright(frame, stream)
    audio = container.streams.audio[0].codec_context if container.streams.audio else None
    webm = matroska and codec in ("vp8", "vp9", "av1", "libdav1d", "libvpx-vp9")
    quicktime = "qt" in container.metadata.get("major_brand", "")
    ending = "webm" if webm else "mkv" if matroska else "mov" if quicktime else "mp4"
    mimes = {"webm": "video/webm", "mkv": "video/x-matroska", "mov": "video/quicktime", "mp4": "video/mp4"}
    return {
        "mime": mimes[ending],
        "ending": ending,
        "width": image.width,
        "height": image.height,
        "duration": round(seconds, 3),
        "codec": codec,
        "pixels": stream.codec_context.pix_fmt or "",
        "fps": round(float(stream.average_rate or 0), 3),
        "audio": audio.name if audio else "",
        "poster": render_thumbnail(image),
    }


def _check_length(seconds: float) -> None:
    if seconds > MAX_SECONDS:
        raise Declined("too_long", seconds=seconds, limit=MAX_SECONDS)


def _played(container: Any, stream: Any) -> float:
    """How long a film lasts that does not say so, as recordings of browsers do not: until its last picture ends."""
    last = 0.0
    for packet in container.demux(stream):
        if packet.pts is not None:
            last = max(last, float((packet.pts + (packet.duration or 0)) * packet.time_base))
    return last


def _tag_of(file: IO[bytes]) -> str:
    """The four letters by which an MP4 names its codec, as far as they are letters."""
    file.seek(0)
    while block := file.read(1 << 20):
        if (at := block.find(b"stsd")) >= 0:
            tag = block[at + 16 : at + 20].decode("latin-1")
            return tag if len(tag) == 4 and tag.isascii() and tag.isprintable() else "?"
    return "?"


def _upright(frame: Any, stream: Any) -> Image.Image:
    """The frame as players show it: pixels that are not square are stretched, a turned camera is turned back."""
    image: Image.Image = frame.to_image()
    shape = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio
    if shape and shape > 0 and shape != 1:
        wide = round(image.width * float(shape))
        if not 1 <= wide <= 100 * image.width or wide * image.height > MAX_PIXELS:
            raise Declined("corrupt")
        image = image.resize((wide, image.height))
    turned = int(getattr(frame, "rotation", 0) or 0) % 360
    return image.rotate(turned, expand=True) if turned else image


def _frame(container: Any, stream: Any, seconds: float) -> Any:
    """The first frame at or after `seconds`, or the last one before; at most `MOST_FRAMES` are decoded."""
    found = None
    for number, frame in enumerate(container.decode(stream)):
        found = frame
        if number >= MOST_FRAMES or (frame.time or 0) >= seconds:
            break
    return found
