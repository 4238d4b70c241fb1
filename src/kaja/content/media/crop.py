"""Cutting a rectangle out of a stored picture. Pure: bytes in, bytes out."""

import io

from PIL import Image

from kaja.content.document import Crop

QUALITY = 92


def crop_box(crop: Crop, width: int, height: int) -> tuple[int, int, int, int]:
    """The rectangle in pixels: left, top, right, bottom; never empty, never outside."""
    left = min(round(crop.x * width), width - 1)
    top = min(round(crop.y * height), height - 1)
    right = min(max(left + 1, round((crop.x + crop.width) * width)), width)
    bottom = min(max(top + 1, round((crop.y + crop.height) * height)), height)
    return left, top, right, bottom


def crop_image(data: bytes, crop: Crop) -> bytes:
    """The rectangle as a file of the same format; without metadata, as stored pictures are."""
    with Image.open(io.BytesIO(data)) as image:
        kind = image.format or "PNG"
        cut = image.crop(crop_box(crop, image.width, image.height))
        out = io.BytesIO()
        profile = image.info.get("icc_profile")
        options = {"quality": QUALITY} if kind in {"JPEG", "WEBP"} else {}
        if profile:
            options["icc_profile"] = profile
        cut.save(out, kind, **options)
    return out.getvalue()
