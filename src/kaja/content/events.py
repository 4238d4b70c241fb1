"""What other domains may need to know of posts. Published inside the action's own transaction."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class PostChanged:
    """A post was saved. `changed` names what differs now: content, channels, due_at, state, campaign, labels, owner."""

    post_id: UUID
    revision: int
    changed: frozenset[str]


@dataclass(frozen=True)
class PostDeleted:
    """A post went to the bin; whatever is planned for it must not be sent."""

    post_id: UUID


@dataclass(frozen=True)
class PostRestored:
    """A post came back from the bin. A scheduled one comes back as a draft that keeps its time."""

    post_id: UUID
