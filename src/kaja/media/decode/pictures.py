"""Pictures: decoded whole, turned upright, their colours made right, freed of metadata."""

import io
from typing import Any

from PIL import Image, ImageOps, JpegImagePlugin

from kaja.border import Declined
from kaja.media.decode.stripped import strip_jpeg, strip_png, strip_webp
from kaja.media.gifs import strip_gif
from kaja.networks.kit.colours import has_alpha, read_profile, shrink_picture, to_plain, to_screen

MAX_PIXELS = 100 * 1000 * 1000
MAX_MOVING_PIXELS = 600 * 1000 * 1000  # over all frames
MAX_FRAMES = 1000
MOST_JPEG_SIDE = 65_500  # libjpeg's own bound
THUMBNAIL = 480  # pixels on the longer side
QUALITY = 92
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "BMP", "TIFF")
ENDINGS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "GIF": "gif"}
DNG_VERSION = 50706  # the tag that makes a TIFF a raw picture of a camera (DNG 1.7, chapter 4)
ORIENTATION = 0x0112

Image.MAX_IMAGE_PIXELS = None  # ours stands below, and says how large the picture is


def _open(data: bytes) -> Image.Image:
    formats = list(FORMATS)
    if _is_heif(data):
        # Only for the few who bring such a file: the library takes time and memory to load.
        from pi_heif import register_heif_opener

        register_heif_opener(thumbnails=False)
        formats.append("HEIF")
    image = Image.open(io.BytesIO(data), formats=formats)
    if image.format == "MPO":
        # The second picture in it (another view, a map of light) is of no use to a network.
        image.format = "JPEG"
    if image.width * image.height > MAX_PIXELS:
        raise Declined("too_many_pixels", width=image.width, height=image.height, limit=MAX_PIXELS)
    if DNG_VERSION in getattr(image, "tag_v2", ()):
        raise Declined("named", format="DNG")
    return image


def render_thumbnail(image: Image.Image, side: int = THUMBNAIL) -> bytes:
    """A small WebP of a picture or frame."""
    small = to_screen(shrink_picture(image, side))
    out = io.BytesIO()
    small.save(out, "WEBP", quality=80)
    return out.getvalue()


def shrink(data: bytes, side: int) -> bytes:
    """A picture of somebody else's as a small WebP, upright and without anything but its pixels; of an animation its
    first frame. Raises Declined."""
    image = _open(data)
    image.draft(None, (2 * side, 2 * side))  # a JPEG can be read at an eighth of its size
    image.load()
    return render_thumbnail(ImageOps.exif_transpose(image), side)


def read(data: bytes) -> dict[str, Any]:
    """Decode a picture and make it fit to keep: data, kind, mime, ending, width, height, thumbnail. Raises Declined."""
    if _is_heif(data):
        try:
            return _read(data)
        except (ValueError, OSError, RuntimeError, EOFError):
            raise Declined("heic") from None  # damaged, or of a sort that the library does not know
    return _read(data)


def _is_heif(data: bytes) -> bool:
    return data[4:8] == b"ftyp" and data[8:12] not in (b"avif", b"avis")


def _read(data: bytes) -> dict[str, Any]:
    original = _open(data)
    if getattr(original, "n_frames", 1) > 1 and original.format in ("GIF", "WEBP", "PNG", "AVIF"):
        return _read_moving(data, original)
    original.load()
    turned = original.getexif().get(ORIENTATION, 1) not in (0, 1)
    upright = ImageOps.exif_transpose(original) if turned else original
    image = to_plain(upright)
    kind = original.format or ""
    target = kind if kind in ("JPEG", "PNG", "WEBP") else "JPEG" if kind in ("AVIF", "HEIF") else "PNG"
    if target == "JPEG" and (has_alpha(image) or max(image.size) > MOST_JPEG_SIDE):
        target = "PNG"
    stored = _strip(data, kind, original) if image is original and target == kind else None
    if stored is None:
        stored = _encode(image, target, original)
    return _describe(stored, "image", target, image, render_thumbnail(image))


def _describe(data: bytes, kind: str, target: str, image: Image.Image, thumbnail: bytes) -> dict[str, Any]:
    return {
        "data": data,
        "kind": kind,
        "mime": f"image/{target.lower()}",
        "ending": ENDINGS[target],
        "width": image.width,
        "height": image.height,
        "thumbnail": thumbnail,
    }


def _strip(data: bytes, kind: str, image: Image.Image) -> bytes | None:
    keep_profile = read_profile(image) is not None
    if kind == "JPEG":
        return strip_jpeg(data, keep_profile)
    return strip_png(data, keep_profile) if kind == "PNG" else strip_webp(data, keep_profile)


def _encode(image: Image.Image, target: str, original: Image.Image) -> bytes:
    options: dict[str, Any] = {}
    if profile := image.info.get("icc_profile") and read_profile(image):
        options["icc_profile"] = profile
    if target == "JPEG":
        options |= {"optimize": True, "progressive": bool(original.info.get("progressive"))}
        if original.format == "JPEG" and image.mode == original.mode:
            # Only turned: with its own tables it is neither larger nor worse than it was.
            options |= {
                "qtables": original.quantization,  # type: ignore[attr-defined]
                "subsampling": JpegImagePlugin.get_sampling(original),
            }
        else:
            options["quality"] = QUALITY
        if image.mode not in ("L", "RGB"):
            image = image.convert("RGB")
    elif target == "WEBP":
        options["quality"] = QUALITY
    image.info = {key: value for key, value in image.info.items() if key == "transparency"}
    out = io.BytesIO()
    image.save(out, target, **options)
    return out.getvalue()


def _read_moving(data: bytes, image: Image.Image) -> dict[str, Any]:
    frames = int(getattr(image, "n_frames", 1))
    if frames > MAX_FRAMES or frames * image.width * image.height > MAX_MOVING_PIXELS:
        limit = MAX_MOVING_PIXELS // frames
        raise Declined("too_many_pixels", width=image.width, height=image.height, limit=limit)
    thumbnail = b""
    for number in range(frames):
        image.seek(number)
        image.load()
        thumbnail = thumbnail or render_thumbnail(image)
    kind = image.format or ""
    keep_profile = read_profile(image) is not None
    match kind:
        case "GIF":
            stored = strip_gif(data)
        case "PNG":
            stored = strip_png(data, keep_profile)
        case "WEBP":
            stored = strip_webp(data, keep_profile)
        case _:
            # No network takes moving AVIF; WebP keeps its colours.
            image.seek(0)
            out = io.BytesIO()
            image.save(out, "WEBP", save_all=True, quality=90, method=2)
            stored, kind = out.getvalue(), "WEBP"
    return _describe(stored, "gif", kind, image, thumbnail)


def cut(data: bytes, box: tuple[int, int, int, int]) -> bytes:
    """A rectangle (left, top, right, bottom) of a stored picture, in the same format and without metadata."""
    image = _open(data)
    target = image.format if image.format in ("JPEG", "PNG", "WEBP") else "PNG"
    options: dict[str, Any] = {"quality": QUALITY} if target in ("JPEG", "WEBP") else {}
    if image.format == "WEBP" and b"VP8L" in data[:64]:
        options = {"lossless": True}
    profile = read_profile(image)
    piece = to_plain(image.crop(box))
    if profile and image.mode == piece.mode:
        options["icc_profile"] = profile
    if target == "JPEG" and piece.mode not in ("L", "RGB"):
        piece = piece.convert("RGB")
    piece.info = {key: value for key, value in piece.info.items() if key == "transparency"}
    out = io.BytesIO()
    piece.save(out, target, **options)
    return out.getvalue()
