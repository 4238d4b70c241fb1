"""Which pixels of a picture a crop means. Pure."""

from kaja.content.document import Crop


def crop_box(crop: Crop, width: int, height: int) -> tuple[int, int, int, int]:
    """The rectangle in pixels: left, top, right, bottom; never empty, never outside."""
    left = min(round(crop.x * width), width - 1)
    top = min(round(crop.y * height), height - 1)
    right = min(max(left + 1, round((crop.x + crop.width) * width)), width)
    bottom = min(max(top + 1, round((crop.y + crop.height) * height)), height)
    return left, top, right, bottom
