"""The colours of a picture as screens show them: 8 bits, red, green and blue, through the profile that it carries.

Runs behind the border: everything here may raise whatever Pillow raises.
"""

import io
from collections.abc import Callable

from PIL import Image, ImageCms

from kaja.border import Declined

PLAIN = ("1", "L", "LA", "P", "RGB", "RGBA")
"""Modes that files for the web have, too."""
PIECE = 4_000_000
"""Pixels that are converted at a time, so that a large picture does not stand in memory several times."""

Convert = Callable[[Image.Image], Image.Image]

_SPACES = {b"RGB ": ("P", "RGB", "RGBA"), b"GRAY": ("1", "L", "LA"), b"CMYK": ("CMYK",), b"Lab ": ("LAB",)}


def has_alpha(image: Image.Image) -> bool:
    """Whether a picture has transparent places."""
    return image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info


def read_profile(image: Image.Image) -> bytes | None:
    """The profile inside a picture, if it is one for what the picture holds (ICC.1, 7.2.6: the space of the data)."""
    profile: bytes | None = image.info.get("icc_profile")
    if profile and image.mode in _SPACES.get(profile[16:20], ()):
        return profile
    return None


def conversion_of(image: Image.Image) -> Convert | None:
    """How pieces of this picture become L, RGB or RGBA; None when it is plain already. Raises Declined."""
    mode = image.mode
    if mode in PLAIN:
        return None
    if mode in ("I;16", "I;16L", "I;16B", "I;16N"):
        first = 0 if mode == "I;16B" else 1  # the upper byte of two
        return lambda piece: Image.frombytes("L", piece.size, piece.tobytes()[first::2])
    if mode == "I":
        low, high = image.getextrema()
        if not 0 <= float(str(low)) <= float(str(high)) <= 65535:
            raise Declined("colours", mode="32-bit integers")
        return lambda piece: piece.point(lambda value: value * (1 / 256)).convert("L")
    if mode == "F":
        # Heights, temperatures, light of a lamp: which number is white only its maker knows.
        raise Declined("colours", mode="32-bit floating point numbers")
    if mode == "LAB":
        return _through(ImageCms.createProfile("LAB"), "LAB")  # type: ignore[arg-type]
    if mode == "CMYK" and (profile := read_profile(image)):
        try:
            return _through(ImageCms.ImageCmsProfile(io.BytesIO(profile)), "CMYK")
        except (ImageCms.PyCMSError, OSError):
            pass  # a damaged profile says nothing: as without one
    return lambda piece: piece.convert("RGBA" if has_alpha(piece) else "RGB")


def _through(profile: "ImageCms.ImageCmsProfile", mode: str) -> Convert:
    screen = ImageCms.createProfile("sRGB")
    transform = ImageCms.buildTransform(profile, screen, mode, "RGB", ImageCms.Intent.PERCEPTUAL)

    def convert(piece: Image.Image) -> Image.Image:
        converted = ImageCms.applyTransform(piece, transform)
        assert converted is not None
        return converted

    return convert


def to_plain(image: Image.Image) -> Image.Image:
    """The picture in one of the plain modes, with right colours; the same object when it is in one."""
    convert = conversion_of(image)
    if convert is None:
        return image
    whole: Image.Image | None = None
    rows = max(1, PIECE // image.width)
    for top in range(0, image.height, rows):
        piece = convert(image.crop((0, top, image.width, min(top + rows, image.height))))
        if whole is None:
            whole = Image.new(piece.mode, image.size)
        whole.paste(piece, (0, top))
    assert whole is not None
    # What was said of the old colours (profile, transparent one) is not true of the new ones.
    return whole


def shrink_picture(image: Image.Image, side: int) -> Image.Image:
    """The picture as RGB or RGBA with at most `side` pixels on the longer side; the picture itself stays.

    A large one is first reduced by a whole number, piece by piece, so that no second one of its size is needed.
    """
    target = "RGBA" if has_alpha(image) else "RGB"
    convert = conversion_of(image)
    factor = max(1, max(image.size) // (2 * side))
    rows = max(1, PIECE // image.width // factor) * factor
    small = Image.new(target, (-(-image.width // factor), -(-image.height // factor)))
    for top in range(0, image.height, rows):
        piece = image.crop((0, top, image.width, min(top + rows, image.height)))
        piece = (convert(piece) if convert else piece).convert(target)
        small.paste(piece.reduce(factor) if factor > 1 else piece, (0, top // factor))
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    if convert is None and (profile := read_profile(image)):
        small.info["icc_profile"] = profile
    return small


def to_screen(image: Image.Image) -> Image.Image:
    """A small RGB or RGBA picture through its profile to sRGB, for where no profile is kept. No profile: as it is."""
    profile = image.info.get("icc_profile")
    if not profile or profile[16:20] != b"RGB ":
        return image
    try:
        alpha = image.getchannel("A") if image.mode == "RGBA" else None
        converted = _through(ImageCms.ImageCmsProfile(io.BytesIO(profile)), "RGB")(image.convert("RGB"))
    except (ImageCms.PyCMSError, OSError):
        return image
    if alpha:
        converted.putalpha(alpha)
    return converted
