"""From a post's draft to its messages, and to the frozen content of each."""

from dataclasses import dataclass
from datetime import datetime

from kaja.content.document import Document
from kaja.delivery.frozen import Frozen, freeze_card, freeze_media
from kaja.delivery.models import Kind
from kaja.networks.kit.content import Draft


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


def has_files(document: Document, position: int) -> bool:
    """Whether files go with a message of a post; a link's picture may stand in its card."""
    if position >= len(document.parts):
        return False
    card = document.link_card if position == 0 else None
    return bool(document.parts[position].media or (card and card.image))


def freeze_draft(draft: Draft, at: datetime) -> list[Frozen]:
    """The content of every message of a draft, by position."""
    frozen = []
    for message in list_messages(len(draft.parts), bool(draft.first_comment)):
        comment = message.kind == Kind.COMMENT
        part = None if comment else draft.parts[message.position]
        card = draft.link_card if message.kind == Kind.POST else None
        frozen.append(
            Frozen(
                kind=message.kind.value,
                text=part.text if part else draft.first_comment,
                media=tuple(freeze_media(media) for media in part.media) if part else (),
                link_card=freeze_card(card) if card else None,
                language=draft.language,
                options=dict(draft.options),
                created_at=at,
            )
        )
    return frozen
