"""What reading brings, for those above."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from kaja.networks.kit.reading import Reaction


@dataclass(frozen=True)
class ReactionsRead:
    """Likes, shares, quotes and followers were read; told in the transaction that moves the cursor. The same ones may
    come again. Nothing of them is kept here: they have no words, and one is told from another by who did what to what.
    """

    channel_id: UUID
    reactions: tuple[Reaction, ...]


@dataclass(frozen=True)
class ItemsRead:
    """Items of a stream are new, or were shown in another form. Told in the transaction that keeps them, so once.

    `forms` are the contents (`render_incoming`) that were not known, in the order in which they were read: also those
    of one thing that came in one page, and those older than what is kept.
    """

    channel_id: UUID
    stream: str
    new: tuple[UUID, ...]
    changed: tuple[UUID, ...]
    forms: tuple[Mapping[str, Any], ...] = ()
