"""One use of an asset: what posts, and whatever else shows or sends files, keep of it."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kaja.media.crop import Crop


class MediaItem(BaseModel):
    """An asset, described and cut for one place."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    asset: UUID
    alt: str = Field(default="", max_length=10_000)
    crop: Crop | None = None
