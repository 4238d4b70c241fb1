"""What other domains may need to know of posts. Published inside the action's own transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class PostChanged:
    """A post was saved. `changed` names what differs now: content, channels, due_at, state, campaign, labels, owner."""

    post_id: UUID
    revision: int
    changed: frozenset[str]


@dataclass(frozen=True)
class PostsPlanned:
    """Posts got another state or time, many in one step."""

    post_ids: Sequence[UUID]


@dataclass(frozen=True)
class PostsDeleted:
    """Posts went to the bin; whatever is planned for them must not be sent."""

    post_ids: Sequence[UUID]


@dataclass(frozen=True)
class PostsRestored:
    """Posts came back from the bin. A scheduled one comes back as a draft that keeps its time."""

    post_ids: Sequence[UUID]
