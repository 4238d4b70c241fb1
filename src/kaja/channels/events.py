"""What happens to channels, for those above."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class ChannelConnected:
    """A channel is connected, or connected again: what waited for it may go on."""

    channel_id: UUID


@dataclass(frozen=True)
class ChannelDisconnected:
    """A channel was disconnected. Its row, its history and its planned posts stay."""

    channel_id: UUID


@dataclass(frozen=True)
class ChannelBroken:
    """A channel that worked needs a person: it cannot send until it is connected again."""

    channel_id: UUID
