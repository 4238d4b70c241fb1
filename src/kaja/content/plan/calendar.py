"""What stands in a stretch of the calendar: light values, in a number of queries that does not grow with the posts."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from kaja.content.models import Asset, Post, PostState, Variant
from kaja.content.queries import PostFilter, filter_posts

ENTRIES_MAX = 2000
"""More posts than this in one view are not drawn; the page says how many there are and offers filters."""


@dataclass(frozen=True)
class ChannelMark:
    """A channel that carries the post."""

    variant_id: UUID
    channel_id: UUID
    network: str
    name: str


@dataclass(frozen=True)
class Entry:
    """One post in the calendar. `thumbnail` is an asset's id."""

    id: UUID
    state: str
    due_at: datetime
    summary: str
    campaign: str
    colour: str
    owner: str
    revision: int
    thumbnail: UUID | None
    channels: tuple[ChannelMark, ...] = field(default=())


@dataclass(frozen=True)
class Stretch:
    """The entries in order of time, and how many there are in all."""

    entries: list[Entry]
    total: int


def _first_asset(document: dict[str, object]) -> UUID | None:
    parts = document.get("parts")
    for part in parts if isinstance(parts, list) else []:
        for item in part.get("media", ()):
            return UUID(item["asset"])
    return None


def list_calendar(
    begin: datetime, end: datetime, wanted: PostFilter | None = None, *, only: Collection[UUID] | None = None
) -> Stretch:
    """Posts with begin <= due_at < end that are not ideas. Four queries at most."""
    rows = filter_posts(wanted or PostFilter()).filter(due_at__gte=begin, due_at__lt=end).exclude(state=PostState.IDEA)
    if only is not None:
        rows = rows.filter(id__in=only)
    posts = list(
        rows.order_by("due_at", "id").values_list(
            "id",
            "state",
            "due_at",
            "summary",
            "campaign__name",
            "campaign__colour",
            "owner__name",
            "owner__email",
            "revision",
            "document",
        )[: ENTRIES_MAX + 1]
    )
    total = len(posts) if len(posts) <= ENTRIES_MAX else rows.count()
    posts = posts[:ENTRIES_MAX]
    marks: dict[UUID, list[ChannelMark]] = defaultdict(list)
    variants = Variant.objects.filter(post_id__in=[post[0] for post in posts], removed_at__isnull=True)
    for post_id, variant_id, channel_id, network, name in variants.order_by("id").values_list(
        "post_id", "id", "channel_id", "channel__network", "channel__name"
    ):
        marks[post_id].append(ChannelMark(variant_id, channel_id, network, name))
    first = {post[0]: _first_asset(post[9]) for post in posts}
    drawn = set(
        Asset.objects.filter(id__in=[a for a in first.values() if a]).exclude(thumbnail="").values_list("id", flat=True)
    )
    entries = []
    for post_id, state, due_at, summary, campaign, colour, owner_name, owner_email, revision, _ in posts:
        thumbnail = first[post_id]
        assert due_at is not None
        entries.append(
            Entry(
                post_id,
                state,
                due_at,
                summary,
                campaign or "",
                colour or "",
                owner_name or owner_email or "",
                revision,
                thumbnail if thumbnail in drawn else None,
                tuple(marks[post_id]),
            )
        )
    return Stretch(entries, total)


def get_entry(post: Post) -> Entry | None:
    """One post as the calendar shows it; None when it has no time or is an idea."""
    if post.due_at is None:
        return None
    found = list_calendar(post.due_at, post.due_at + timedelta.resolution, only=[post.id]).entries
    return found[0] if found else None
