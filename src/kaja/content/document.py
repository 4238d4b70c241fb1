"""The shape of `Post.document`, `Variant.overrides` and what they resolve to for one channel."""

from collections.abc import Callable, Mapping
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kaja.media.item import MediaItem
from kaja.networks.kit.content import Draft, LinkCard, Media, Part


class PartDocument(BaseModel):
    """One message; a thread has several."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    text: str = Field(default="", max_length=200_000)
    media: tuple[MediaItem, ...] = ()


class CardDocument(BaseModel):
    """The preview card of a link; `image` is an asset."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    url: str = Field(max_length=2000)
    title: str = Field(default="", max_length=300)
    description: str = Field(default="", max_length=1000)
    image: UUID | None = None


class Document(BaseModel):
    """What all channels of a post have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    parts: tuple[PartDocument, ...] = Field(default=(PartDocument(),), min_length=1, max_length=100)
    first_comment: str = Field(default="", max_length=20_000)
    language: str = Field(default="", max_length=10)
    link_card: CardDocument | None = None


class Overrides(BaseModel):
    """What one channel has differently; a field that is absent (or null) follows the common document.

    `link_card` may be "none": this channel shows no card though the common document has one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    parts: tuple[PartDocument, ...] | None = None
    first_comment: str | None = None
    language: str | None = None
    link_card: CardDocument | Literal["none"] | None = None


def card_of(source: Document | Overrides) -> CardDocument | None:
    """The card that a document or a channel brings itself."""
    return source.link_card if isinstance(source.link_card, CardDocument) else None


def merge(document: Document, overrides: Overrides) -> Document:
    """The document of one channel."""
    own = {name: getattr(overrides, name) for name in overrides.model_fields_set}
    update = {name: value for name, value in own.items() if value is not None}
    if update.get("link_card") == "none":
        update["link_card"] = None
    return document.model_copy(update=update)


def resolve(
    document: Document,
    overrides: Overrides,
    options: Mapping[str, Any],
    open_media: Callable[[MediaItem], Media],
) -> Draft:
    """The draft that a connector checks and sends. `open_media` turns one use of an asset into a file."""
    own = merge(document, overrides)
    card = own.link_card
    return Draft(
        parts=tuple(Part(part.text, tuple(open_media(item) for item in part.media)) for part in own.parts),
        link_card=LinkCard(
            card.url,
            card.title,
            card.description,
            open_media(MediaItem(asset=card.image)) if card.image else None,
        )
        if card
        else None,
        first_comment=own.first_comment,
        language=own.language,
        options=dict(options),
    )
