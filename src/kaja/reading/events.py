"""What reading brings, for those above."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class ItemsRead:
    """Items of a stream are new, or stand there in another form. Told in the transaction that keeps them, so once."""

    channel_id: UUID
    stream: str
    new: tuple[UUID, ...]
    changed: tuple[UUID, ...]
