"""Which pixels of a picture a crop means. Pure."""

from pydantic import BaseModel, ConfigDict, Field


class Crop(BaseModel):
    """A rectangle of the original, in fractions of its width and height (0 to 1)."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    x: float = Field(ge=0, lt=1)
    y: float = Field(ge=0, lt=1)
    width: float = Field(gt=0, le=1)
    height: float = Field(gt=0, le=1)


def crop_box(crop: Crop, width: int, height: int) -> tuple[int, int, int, int]:
    """The rectangle in pixels: left, top, right, bottom; never empty, never outside."""
    left = min(round(crop.x * width), width - 1)
    top = min(round(crop.y * height), height - 1)
    right = min(max(left + 1, round((crop.x + crop.width) * width)), width)
    bottom = min(max(top + 1, round((crop.y + crop.height) * height)), height)
    return left, top, right, bottom
