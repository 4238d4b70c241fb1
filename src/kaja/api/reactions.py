"""The JSON of likes, shares, quotes and followers."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from ninja import Schema
from pydantic import AwareDatetime, Field

from kaja.api.conversations import HandleOut, handle_out
from kaja.inbox.models import Reaction, ReactionKind
from kaja.inbox.reactions.queries import ReactionFilters

ReactionKinds = Literal["like", "repost", "quote", "follow"]


class ReactionOut(Schema):
    """One person, one kind, one place. `post_ref` is the network's own name for a post of ours, empty for a follower.
    `at`: when they did it last; `taken_back_at`: when they took it back, where the network says so and it still holds.
    """

    id: UUID
    channel: UUID
    network: str
    kind: ReactionKinds
    author: HandleOut | None
    post_ref: str
    post: UUID | None
    url: str
    at: datetime
    taken_back_at: datetime | None


class ReactionPage(Schema):
    items: list[ReactionOut]
    next_cursor: str


class ReactionFilter(Schema):
    """`there`: only what was not taken back."""

    kind: list[ReactionKinds] = Field(default=[], max_length=4)
    channel: list[UUID] = Field(default=[], max_length=100)
    post: UUID | None = None
    person: UUID | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    there: bool = False


def reaction_filters_of(given: ReactionFilter) -> ReactionFilters:
    """What a list of the API asks for, as the room below it does."""
    return ReactionFilters(
        kinds=frozenset(given.kind),
        channel_ids=frozenset(given.channel),
        post=given.post,
        person=given.person,
        since=given.since,
        until=given.until,
        there=given.there,
    )


def reaction_out(row: Reaction, post: UUID | None) -> ReactionOut:
    return ReactionOut(
        id=row.id,
        channel=row.channel_id,
        network=row.channel.network,
        kind=ReactionKind(row.kind).value,  # type: ignore[arg-type]
        author=handle_out(row.handle),
        post_ref=row.post_ref,
        post=post,
        url=row.url,
        at=row.at,
        taken_back_at=None if row.is_there else row.gone_at,
    )
