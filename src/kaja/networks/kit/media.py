"""Fitting a picture to what a network takes: size, format, no metadata. Slow work: call it in a thread."""

import io
import math
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

from kaja.networks.kit.problems import Problem, gettext_noop

MAX_PIXELS = 100_000_000
_READABLE = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "TIFF", "BMP")
_QUALITIES = (90, 78)
_SMALLEST_SIDE = 320


@dataclass(frozen=True)
class ImageRules:
    """What a network takes: bytes, MIME types, the longer side in pixels, and the range of width divided by height."""

    max_bytes: int
    mimes: tuple[str, ...] = ("image/jpeg", "image/png", "image/webp")
    max_side: int = 4096
    animated: bool = False
    ratios: tuple[float, float] | None = None

    def allows_ratio(self, width: int, height: int) -> bool:
        return self.ratios is None or self.ratios[0] <= width / height <= self.ratios[1]


@dataclass(frozen=True)
class FittedImage:
    """A picture as it is uploaded."""

    content: bytes
    mime: str
    width: int
    height: int


class ImageRefused(Exception):
    """The file cannot become a picture that the network takes; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


def fit_image(content: bytes, rules: ImageRules) -> FittedImage:
    """The picture upright, without EXIF and other metadata, within the rules. Unchanged bytes when nothing is to do.

    Raises ImageRefused when the bytes are no picture, are too large to decode, or cannot be made small enough.
    """
    try:
        with Image.open(io.BytesIO(content), formats=_READABLE) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise ImageRefused(_too_many_pixels())
            mime = Image.MIME.get(opened.format or "", "")
            if _is_fit(opened, mime, len(content), rules):
                return FittedImage(content, mime, opened.width, opened.height)
            picture = ImageOps.exif_transpose(opened)  # first frame of an animation
            picture.load()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:  # a warning where those raise
        raise ImageRefused(_too_many_pixels()) from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise ImageRefused(
            Problem(
                "image_unreadable",
                gettext_noop("The file is not a picture that can be read."),
                fix=gettext_noop("Save it again as JPEG or PNG and upload that."),
            )
        ) from error
    return _encode_within(picture, mime, len(content), rules)


def _is_fit(picture: Image.Image, mime: str, size: int, rules: ImageRules) -> bool:
    animated = getattr(picture, "n_frames", 1) > 1
    clean = not picture.getexif() and not any(
        key in picture.info for key in ("exif", "xmp", "XML:com.adobe.xmp", "comment")
    )
    return (
        mime in rules.mimes
        and size <= rules.max_bytes
        and max(picture.size) <= rules.max_side
        and (clean or animated)
        and (rules.animated or not animated)
    )


def _encode_within(picture: Image.Image, mime: str, size: int, rules: ImageRules) -> FittedImage:
    pixels = picture.width * picture.height
    transparent = "A" in picture.getbands() or "transparency" in picture.info
    profile = picture.info.get("icc_profile")
    picture = picture.convert("RGBA" if transparent else "RGB")
    picture.thumbnail((rules.max_side, rules.max_side), Image.Resampling.LANCZOS)
    # A lossless copy of a photograph would only be thrown away.
    expected = size * picture.width * picture.height / pixels
    keep_png = mime in ("image/png", "image/gif") and "image/png" in rules.mimes and expected < 1.3 * rules.max_bytes
    while True:
        if keep_png:
            encoded = _encode(picture, "PNG", profile, compress_level=6)
            if len(encoded) <= rules.max_bytes:
                return FittedImage(encoded, "image/png", *picture.size)
        lossy = "WEBP" if transparent and "image/webp" in rules.mimes else "JPEG"
        flat = picture if lossy == "WEBP" else _flatten(picture)
        for quality in _QUALITIES:
            encoded = _encode(flat, lossy, profile, quality=quality)
            if len(encoded) <= rules.max_bytes:
                return FittedImage(encoded, f"image/{lossy.lower()}", *flat.size)
        shrink = max(0.5, min(0.9, math.sqrt(rules.max_bytes / len(encoded))))
        if max(picture.size) * shrink < _SMALLEST_SIDE:
            raise ImageRefused(_too_large(rules.max_bytes))
        keep_png = False
        smaller = (max(1, round(picture.width * shrink)), max(1, round(picture.height * shrink)))
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


def _too_many_pixels() -> Problem:
    return Problem(
        "image_too_many_pixels",
        gettext_noop("The picture has more than %(limit)s megapixels, which Kaja does not open."),
        fix=gettext_noop("Upload a smaller version."),
        params={"limit": MAX_PIXELS // 1_000_000},
    )


def _too_large(max_bytes: int) -> Problem:
    return Problem(
        "image_too_large",
        gettext_noop("The picture cannot be brought below %(limit)s kB, which the network allows."),
        fix=gettext_noop("Upload a smaller version."),
        params={"limit": max_bytes // 1000},
    )
