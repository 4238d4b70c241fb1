"""What one delivery sends, frozen at first sending so that every attempt sends the same.

Files stay in the media storage; the frozen content names them by `Media.key` (asset and crop). A row with something in
it that nobody reads is refused loudly: another version wrote it, and leaving a part of it out would send half.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kaja.networks.kit.content import Kind, LinkCard, Media, Outgoing
from kaja.networks.kit.results import RemoteRef


class FrozenMedia(BaseModel):
    """One use of a file."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    key: str
    alt: str = ""


class FrozenCard(BaseModel):
    """The preview card of a link."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    url: str
    title: str = ""
    description: str = ""
    image: FrozenMedia | None = None


class FrozenRef(BaseModel):
    """Something on the network that the message answers, or that an act is done to (`RemoteRef`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: str
    url: str = ""
    data: dict[str, Any] = Field(default_factory=dict)

    def thaw(self) -> RemoteRef:
        return RemoteRef(self.id, self.url, self.data)


class Frozen(BaseModel):
    """One message, as it goes out."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Kind
    text: str
    media: tuple[FrozenMedia, ...] = ()
    link_card: FrozenCard | None = None
    language: str = ""
    options: dict[str, Any] = Field(default_factory=dict)
    created_at: datetime
    reply_to: FrozenRef | None = None
    """Of somebody else's; what follows a message of our own is known by its delivery (`Delivery.after`)."""
    root: FrozenRef | None = None

    def list_media(self) -> Iterator[FrozenMedia]:
        """Every use of a file in it."""
        yield from self.media
        if self.link_card and self.link_card.image:
            yield self.link_card.image

    def render(self) -> dict[str, Any]:
        """As it stands in a row."""
        empty = {name for name in ("reply_to", "root") if getattr(self, name) is None}
        return self.model_dump(mode="json", exclude=empty)


def parse_frozen(stored: Mapping[str, Any]) -> Frozen:
    """The inverse of `Frozen.render`."""
    return Frozen.model_validate(stored)


def freeze_media(media: Media) -> FrozenMedia:
    """The name of a file, and the words for those who do not see it."""
    return FrozenMedia(key=media.key, alt=media.alt)


def freeze_card(card: LinkCard) -> FrozenCard:
    """A card with the name of its picture."""
    image = freeze_media(card.image) if card.image else None
    return FrozenCard(url=card.url, title=card.title, description=card.description, image=image)


def thaw(
    frozen: Frozen,
    delivery_id: UUID,
    opened: Mapping[str, Media],
    root: RemoteRef | None = None,
    reply_to: RemoteRef | None = None,
) -> Outgoing:
    """What a connector gets. `opened` holds the files by `Media.key`; the alt text is the frozen one."""

    def open_media(stored: FrozenMedia) -> Media:
        media = opened[stored.key]
        return media if media.alt == stored.alt else replace(media, alt=stored.alt)

    card = frozen.link_card
    return Outgoing(
        kind=frozen.kind,
        key=delivery_id.hex,
        created_at=frozen.created_at,
        text=frozen.text,
        media=tuple(open_media(stored) for stored in frozen.media),
        link_card=LinkCard(card.url, card.title, card.description, open_media(card.image) if card.image else None)
        if card
        else None,
        language=frozen.language,
        options=frozen.options,
        root=frozen.root.thaw() if frozen.root else root,
        reply_to=frozen.reply_to.thaw() if frozen.reply_to else reply_to,
    )
