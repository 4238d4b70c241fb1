"""Videos: probed by their content, with a poster frame. The file is opened as bytes with a fixed demuxer, so that a
playlist or a reference inside it can never make FFmpeg open something else."""

import struct
from dataclasses import dataclass
from typing import IO, Any

from PIL import Image

from kaja.content.media import boxes, ebml, refusals
from kaja.content.media.images import MAX_PIXELS, render_thumbnail
from kaja.content.media.patched import PatchedFile

MAX_BYTES = 1000 * 1000 * 1000
MAX_SECONDS = 4 * 3600.0
POSTER_AT = 1.0  # seconds; the very first frame is often black


@dataclass(frozen=True)
class Video:
    """What a network asks of a video. Sizes in pixels as shown (rotation applied), duration in seconds."""

    mime: str
    ending: str
    width: int
    height: int
    duration: float
    codec: str
    fps: float
    audio: str
    poster: bytes


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
    file.seek(0)
    return file.read(4) == b"\x1a\x45\xdf\xa3"


def clean_video(file: IO[bytes], size: int, filename: str) -> PatchedFile:
    """The same video without what it says beside picture and sound: places, dates, devices. Raises UploadRefused."""
    matroska = is_matroska(file)
    if not matroska and not is_whole_mp4(file, size):
        raise refusals.corrupt(filename)
    try:
        patches = ebml.find_patches(file, size) if matroska else boxes.find_patches(file, size)
    except boxes.NotCleanable:
        raise refusals.not_cleanable(filename) from None
    except (ValueError, KeyError, IndexError, StopIteration, struct.error):
        raise refusals.corrupt(filename) from None
    return PatchedFile(file, size, patches)


def probe_video(file: IO[bytes], filename: str) -> Video:
    """Look into a video: container, codecs, measures, and one decoded frame. Raises UploadRefused."""
    # Not at the top: FFmpeg's libraries are a tenth of the web server's memory, and few processes ever see a video.
    import av
    import av.error

    matroska = is_matroska(file)
    file.seek(0)
    try:
        with av.open(file, format="matroska" if matroska else "mp4", metadata_errors="ignore") as container:
            return _probe(container, matroska, filename)
    except (av.error.FFmpegError, EOFError, ValueError, IndexError):
        raise refusals.corrupt(filename) from None


def _probe(container: Any, matroska: bool, filename: str) -> Video:
    import av

    if not container.streams.video:
        raise refusals.other_kind(filename, "sound")
    stream = container.streams.video[0]
    width, height = stream.codec_context.width, stream.codec_context.height
    if width * height > MAX_PIXELS or width * height <= 0:
        raise refusals.too_many_pixels(filename, width, height, MAX_PIXELS)
    seconds = float(container.duration or 0) / av.time_base
    if not seconds and stream.duration and stream.time_base:
        seconds = float(stream.duration * stream.time_base)
    if seconds > MAX_SECONDS:
        raise refusals.too_long(filename, seconds, MAX_SECONDS)
    frame = _frame(container, stream, min(POSTER_AT, seconds / 2))
    if frame is None:
        raise refusals.corrupt(filename)
    image: Image.Image = frame.to_image()
    turned = int(getattr(frame, "rotation", 0) or 0) % 360
    if turned:
        image = image.rotate(turned, expand=True)
    audio = container.streams.audio[0].codec_context.name if container.streams.audio else ""
    webm = matroska and stream.codec_context.name in ("vp8", "vp9", "av1")
    quicktime = "qt" in container.metadata.get("major_brand", "")
    return Video(
        mime="video/webm"
        if webm
        else "video/x-matroska"
        if matroska
        else "video/quicktime"
        if quicktime
        else "video/mp4",
        ending="webm" if webm else "mkv" if matroska else "mov" if quicktime else "mp4",
        width=image.width,
        height=image.height,
        duration=round(seconds, 3),
        codec=stream.codec_context.name,
        fps=round(float(stream.average_rate or 0), 3),
        audio=audio,
        poster=render_thumbnail(image),
    )


def _frame(container: Any, stream: Any, seconds: float) -> Any:
    """The first frame at or after `seconds`, or the last one before; at most 300 are decoded."""
    found = None
    for number, frame in enumerate(container.decode(stream)):
        found = frame
        if number >= 300 or (frame.time or 0) >= seconds:
            break
    return found
