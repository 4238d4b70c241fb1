"""What one delivery sends, frozen as JSON at first sending so that every attempt sends the same.

Files stay in the media storage; the frozen content names them by `Media.key` (asset and crop).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from kaja.media.item import MediaItem
from kaja.media.open import parse_key
from kaja.networks.kit.content import Draft, LinkCard, Media, Outgoing
from kaja.networks.kit.results import RemoteRef
from kaja.publishing.models import Kind

Frozen = dict[str, Any]


@dataclass(frozen=True)
class Message:
    """One delivery of a draft: which, and where it stands."""

    kind: Kind
    position: int
    after: int | None
    """Position of the message that must be sent before."""


def list_messages(parts: int, first_comment: bool) -> list[Message]:
    """The messages of a post: itself, the next parts of the thread in a row, and the comment under the post."""
    messages = [Message(Kind.POST, 0, None)]
    messages += [Message(Kind.CONTINUATION, position, position - 1) for position in range(1, parts)]
    if first_comment:
        messages.append(Message(Kind.COMMENT, parts, 0))
    return messages


def freeze_draft(draft: Draft, at: datetime) -> list[Frozen]:
    """The content of every message of a draft, by position."""
    frozen = []
    for message in list_messages(len(draft.parts), bool(draft.first_comment)):
        comment = message.kind == Kind.COMMENT
        part = None if comment else draft.parts[message.position]
        card = draft.link_card if message.kind == Kind.POST else None
        frozen.append(
            {
                "kind": message.kind.value,
                "text": part.text if part else draft.first_comment,
                "media": [_freeze_media(media) for media in part.media] if part else [],
                "link_card": _freeze_card(card) if card else None,
                "language": draft.language,
                "options": dict(draft.options),
                "created_at": at.isoformat(),
            }
        )
    return frozen


def _freeze_media(media: Media) -> Frozen:
    return {"key": media.key, "alt": media.alt}


def _freeze_card(card: LinkCard) -> Frozen:
    return {
        "url": card.url,
        "title": card.title,
        "description": card.description,
        "image": _freeze_media(card.image) if card.image else None,
    }


def _frozen_media(frozen: Frozen) -> Iterator[Mapping[str, str]]:
    yield from frozen["media"]
    if frozen["link_card"] and frozen["link_card"]["image"]:
        yield frozen["link_card"]["image"]


def list_media(frozen: Frozen) -> list[MediaItem]:
    """Every use of an asset in it."""
    return [parse_key(media["key"], media["alt"]) for media in _frozen_media(frozen)]


def thaw(
    frozen: Frozen,
    delivery_id: UUID,
    opened: Mapping[str, Media],
    root: RemoteRef | None = None,
    reply_to: RemoteRef | None = None,
) -> Outgoing:
    """What a connector gets. `opened` holds the files by `Media.key`; the alt text is the frozen one."""

    def open_media(stored: Mapping[str, str]) -> Media:
        media = opened[stored["key"]]
        return media if media.alt == stored["alt"] else replace(media, alt=stored["alt"])

    card = frozen["link_card"]
    return Outgoing(
        kind=cast(Any, frozen["kind"]),
        key=delivery_id.hex,
        created_at=datetime.fromisoformat(frozen["created_at"]),
        text=frozen["text"],
        media=tuple(open_media(stored) for stored in frozen["media"]),
        link_card=LinkCard(
            card["url"], card["title"], card["description"], open_media(card["image"]) if card["image"] else None
        )
        if card
        else None,
        language=frozen["language"],
        options=frozen["options"],
        root=root,
        reply_to=reply_to,
    )
