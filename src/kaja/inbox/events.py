"""What happens in the inbox, for those above. Published in the transaction that does it."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class MessagesCame:
    """Messages of the audience that were not there before; those that were there long before the channel too."""

    channel_id: UUID
    message_ids: tuple[UUID, ...]
    conversation_ids: tuple[UUID, ...]


@dataclass(frozen=True)
class ConversationsChanged:
    """Something of these conversations is otherwise than it was: what was said, or what the team did about them."""

    conversation_ids: tuple[UUID, ...]
