"""What fits pictures to a network, on the other side of the border (see `kit.media`)."""

import io
import math
from typing import Any

from PIL import Image, ImageOps

from kaja.border import Declined
from kaja.networks.kit.colours import conversion_of, has_alpha, shrink_picture

MAX_PIXELS = 100_000_000
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "TIFF", "BMP")
ORIENTATION = 0x0112
_QUALITIES = (90, 78)
_SMALLEST_SIDE = 320
_SMALLEST_MOVING_SIDE = 120

Image.MAX_IMAGE_PIXELS = None  # ours is the bound

Fitted = tuple[bytes, str, int, int]
"""Content, MIME type, width, height; no content when the file is fit as it is."""


def _open(content: bytes) -> Image.Image:
    opened = Image.open(io.BytesIO(content), formats=FORMATS)
    if opened.width * opened.height > MAX_PIXELS:
        raise Declined("pixels")
    if opened.format == "MPO":
        opened.format = "JPEG"
    return opened


def fit(content: bytes, max_bytes: int, mimes: tuple[str, ...], max_side: int, animated: bool) -> Fitted:
    """See `kit.media.fit_image`. Raises Declined."""
    opened = _open(content)
    mime = Image.MIME.get(opened.format or "", "")
    if _is_fit(opened, mime, len(content), max_bytes, mimes, max_side, animated):
        opened.load()  # what is damaged is refused here, not by the network
        return b"", mime, opened.width, opened.height
    pixels = opened.width * opened.height
    # A JPEG can be read at an eighth of its size: no more is decoded than is shown.
    opened.draft(None, (2 * max_side, 2 * max_side))
    turned = opened.getexif().get(ORIENTATION, 1)
    picture = shrink_picture(opened, max_side)  # of an animation the first frame
    picture.getexif()[ORIENTATION] = turned
    picture = ImageOps.exif_transpose(picture)
    return _encode_within(picture, mime, len(content), pixels, max_bytes, mimes)


def _is_fit(
    picture: Image.Image, mime: str, size: int, max_bytes: int, mimes: tuple[str, ...], max_side: int, animated: bool
) -> bool:
    moves = getattr(picture, "n_frames", 1) > 1 and picture.format != "JPEG"
    clean = not picture.getexif() and not any(
        key in picture.info for key in ("exif", "xmp", "XML:com.adobe.xmp", "comment")
    )
    return (
        mime in mimes
        and size <= max_bytes
        and max(picture.size) <= max_side
        and conversion_of(picture) is None
        and (clean or moves)
        and (animated or not moves)
    )


def _encode_within(
    picture: Image.Image, mime: str, size: int, pixels: int, max_bytes: int, mimes: tuple[str, ...]
) -> Fitted:
    transparent = picture.mode == "RGBA"
    profile = picture.info.get("icc_profile")
    # A lossless copy of a photograph would only be thrown away.
    expected = size * picture.width * picture.height / pixels
    keep_png = mime in ("image/png", "image/gif") and "image/png" in mimes and expected < 1.3 * max_bytes
    while True:
        if keep_png:
            encoded = _encode(picture, "PNG", profile, compress_level=6)
            if len(encoded) <= max_bytes:
                return encoded, "image/png", *picture.size
        lossy = "WEBP" if transparent and "image/webp" in mimes else "JPEG"
        flat = picture if lossy == "WEBP" else _flatten(picture)
        for quality in _QUALITIES:
            encoded = _encode(flat, lossy, profile, quality=quality)
            if len(encoded) <= max_bytes:
                return encoded, f"image/{lossy.lower()}", *flat.size
        less = max(0.5, min(0.9, math.sqrt(max_bytes / len(encoded))))
        if max(picture.size) * less < _SMALLEST_SIDE:
            raise Declined("bytes")
        keep_png = False
        smaller = (max(1, round(picture.width * less)), max(1, round(picture.height * less)))
        picture = picture.resize(smaller, Image.Resampling.LANCZOS)


def _encode(picture: Image.Image, kind: str, profile: bytes | None, **options: int | bool) -> bytes:
    buffer = io.BytesIO()
    clean = picture.copy()
    clean.info = {}
    speed = {"method": 2} if kind == "WEBP" else {}
    clean.save(buffer, kind, icc_profile=profile, **speed, **options)
    return buffer.getvalue()


def _flatten(picture: Image.Image) -> Image.Image:
    if picture.mode != "RGBA":
        return picture
    ground = Image.new("RGB", picture.size, "white")
    ground.paste(picture, mask=picture.getchannel("A"))
    return ground


def to_gif(content: bytes, max_bytes: int, max_side: int) -> Fitted:
    """An animation of another format as a GIF that repeats and lasts as long. Raises Declined."""
    opened = _open(content)
    side = min(max_side, max(opened.size))
    while True:
        frames, durations = [], []
        for number in range(getattr(opened, "n_frames", 1)):
            opened.seek(number)
            opened.load()
            frames.append(_to_palette(shrink_picture(opened, side)))
            durations.append(max(20, round(float(opened.info.get("duration") or 100))))
        options: dict[str, Any] = {"transparency": 255} if has_alpha(opened) else {}
        out = io.BytesIO()
        frames[0].save(
            out,
            "GIF",
            save_all=True,
            append_images=frames[1:],
            duration=durations,
            loop=int(opened.info.get("loop") or 0),
            disposal=2 if options else 1,
            **options,
        )
        if out.tell() <= max_bytes:
            return out.getvalue(), "image/gif", *frames[0].size
        less = max(0.5, min(0.9, math.sqrt(max_bytes / out.tell())))
        side = int(side * less)
        if side < _SMALLEST_MOVING_SIDE:
            raise Declined("bytes")


def _to_palette(frame: Image.Image) -> Image.Image:
    """At most 255 colours and a place for none."""
    if frame.mode != "RGBA":
        return frame.quantize(255)
    small = frame.convert("RGB").quantize(255)
    small.paste(255, mask=frame.getchannel("A").point(lambda alpha: 255 if alpha < 128 else 0))
    small.info["transparency"] = 255
    return small
