"""Pictures: decoded within bounds, turned upright, freed of metadata. Pure: bytes in, bytes and facts out."""

import io
import warnings
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageOps

from kaja.content.media import refusals
from kaja.content.media.gifs import strip_gif

MAX_BYTES = 50 * 1000 * 1000
MAX_PIXELS = 100 * 1000 * 1000
MAX_GIF_PIXELS = 600 * 1000 * 1000  # over all frames
MAX_FRAMES = 1000
THUMBNAIL = 480  # pixels on the longer side
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "BMP", "TIFF")
ENDINGS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "GIF": "gif"}


@dataclass(frozen=True)
class Picture:
    """A picture that is safe to keep. `kind` is image or gif (animated); sizes in pixels."""

    data: bytes
    kind: str
    mime: str
    ending: str
    width: int
    height: int
    thumbnail: bytes


def _open(data: bytes, filename: str) -> Image.Image:
    with warnings.catch_warnings():
        # Pillow's own bomb guard warns below its hard limit; our bound is checked right after the header is read.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            image = Image.open(io.BytesIO(data), formats=FORMATS)
        except Image.DecompressionBombError:
            raise refusals.too_many_pixels(filename, 0, 0, MAX_PIXELS) from None
        except (OSError, ValueError, SyntaxError):
            raise refusals.corrupt(filename) from None
    if image.width * image.height > MAX_PIXELS:
        raise refusals.too_many_pixels(filename, image.width, image.height, MAX_PIXELS)
    return image


def render_thumbnail(image: Image.Image) -> bytes:
    """A small WebP of a picture or frame."""
    small = image.convert("RGBA" if has_alpha(image) else "RGB")
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    out = io.BytesIO()
    small.save(out, "WEBP", quality=80)
    return out.getvalue()


def has_alpha(image: Image.Image) -> bool:
    """Whether a picture has transparent places."""
    return image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info


def _save(image: Image.Image, kind: str, original: Image.Image) -> bytes:
    options: dict[str, Any] = {}
    if profile := original.info.get("icc_profile"):
        options["icc_profile"] = profile
    if kind == "JPEG":
        # An untouched JPEG is written again with its own tables, so that removing metadata costs no quality.
        untouched = image is original and original.format == "JPEG"
        options |= {"quality": "keep"} if untouched else {"quality": 92, "optimize": True}
        if image.mode not in ("L", "RGB", "CMYK"):
            image = image.convert("RGB")
    elif kind == "WEBP":
        options["quality"] = 92
    image.info = {key: value for key, value in image.info.items() if key == "transparency"}
    out = io.BytesIO()
    image.save(out, kind, exif=b"", **options) if kind != "PNG" else image.save(out, kind, **options)
    return out.getvalue()


def read_picture(data: bytes, filename: str) -> Picture:
    """Check a picture by decoding it and make it fit to keep. Raises UploadRefused."""
    original = _open(data, filename)
    kind = original.format or ""
    try:
        if kind == "GIF" and getattr(original, "n_frames", 1) > 1:
            return _read_animation(data, original, filename)
        original.load()
        upright = ImageOps.exif_transpose(original) if original.getexif().get(0x0112, 1) != 1 else original
        target = kind if kind in ("JPEG", "PNG", "WEBP") else "JPEG" if kind == "AVIF" else "PNG"
        if target == "JPEG" and has_alpha(upright):
            target = "PNG"
        stored = _save(upright, target, original)
        thumbnail = render_thumbnail(upright)
    except refusals.UploadRefused:
        raise
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError):
        raise refusals.corrupt(filename) from None
    return Picture(
        stored, "image", f"image/{target.lower()}", ENDINGS[target], upright.width, upright.height, thumbnail
    )


def _read_animation(data: bytes, image: Image.Image, filename: str) -> Picture:
    frames = int(getattr(image, "n_frames", 1))
    if frames > MAX_FRAMES or frames * image.width * image.height > MAX_GIF_PIXELS:
        raise refusals.too_many_pixels(filename, image.width, image.height, MAX_GIF_PIXELS // frames)
    thumbnail = b""
    for number in range(frames):
        image.seek(number)
        image.load()
        thumbnail = thumbnail or render_thumbnail(image)
    return Picture(strip_gif(data), "gif", "image/gif", "gif", image.width, image.height, thumbnail)
