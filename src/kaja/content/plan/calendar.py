"""What stands in a stretch of the calendar: light values, in a number of queries that does not grow with the posts."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, F, Func, JSONField, OuterRef, Value

from kaja.content.models import Asset, Post, PostState, Variant
from kaja.content.queries import PostFilter, filter_posts

ENTRIES_MAX = 2000
"""More posts than this in one view are not drawn; the page says how many there are and offers filters."""


@dataclass(frozen=True, slots=True)
class ChannelMark:
    """A channel that carries the post."""

    variant_id: UUID
    channel_id: UUID
    network: str
    name: str


@dataclass(frozen=True, slots=True)
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


# Documents may be long; only the first file's id leaves the database.
_FIRST_ASSET = Func(
    F("document"),
    Value("$.parts[*].media[*].asset"),
    function="jsonb_path_query_first",
    template="%(function)s(%(expressions)s::jsonpath)",
    output_field=JSONField(),
)


def list_calendar(
    begin: datetime, end: datetime, wanted: PostFilter | None = None, *, only: Collection[UUID] | None = None
) -> Stretch:
    """Posts with begin <= due_at < end that are not ideas. Four queries at most."""
    rows = filter_posts(wanted or PostFilter()).filter(due_at__gte=begin, due_at__lt=end).exclude(state=PostState.IDEA)
    if only is not None:
        rows = rows.filter(id__in=only)
    posts = list(
        rows.annotate(first_asset=_FIRST_ASSET)
        .order_by("due_at", "id")
        .values_list(
            "id",
            "state",
            "due_at",
            "summary",
            "campaign__name",
            "campaign__colour",
            "owner__name",
            "owner__email",
            "revision",
            "first_asset",
        )[: ENTRIES_MAX + 1]
    )
    total = len(posts) if len(posts) <= ENTRIES_MAX else rows.count()
    posts = posts[:ENTRIES_MAX]
    marks = _marks_of([post[0] for post in posts])
    first = {post[0]: UUID(post[9]) for post in posts if post[9]}
    drawn = set(Asset.objects.filter(id__in=set(first.values())).exclude(thumbnail="").values_list("id", flat=True))
    entries = []
    for post_id, state, due_at, summary, campaign, colour, owner_name, owner_email, revision, _ in posts:
        thumbnail = first.get(post_id)
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
                tuple(marks.get(post_id, ())),
            )
        )
    return Stretch(entries, total)


def _marks_of(post_ids: Collection[UUID]) -> dict[UUID, list[ChannelMark]]:
    marks: dict[UUID, list[ChannelMark]] = defaultdict(list)
    # One array instead of hundreds of parameters: Django and the driver handle each parameter by itself.
    variants = Variant.objects.filter(removed_at__isnull=True).extra(
        where=['"content_variant"."post_id" = ANY(%s)'], params=[list(post_ids)]
    )
    for post_id, variant_id, channel_id, network, name in variants.order_by("id").values_list(
        "post_id", "id", "channel_id", "channel__network", "channel__name"
    ):
        marks[post_id].append(ChannelMark(variant_id, channel_id, network, name))
    return marks


def get_entry(post: Post) -> Entry | None:
    """One post as the calendar shows it; None when it has no time or is an idea."""
    if post.due_at is None:
        return None
    found = list_calendar(post.due_at, post.due_at + timedelta.resolution, only=[post.id]).entries
    return found[0] if found else None


def list_conflicts(post_ids: Collection[UUID]) -> dict[UUID, list[str]]:
    """By post: the names of its channels on which another post stands at the very same time. One query."""
    others = (
        Variant.objects.filter(
            channel_id=OuterRef("channel_id"),
            removed_at__isnull=True,
            post__due_at=OuterRef("post__due_at"),
            post__deleted_at__isnull=True,
        )
        .exclude(post_id=OuterRef("post_id"))
        .exclude(post__state=PostState.IDEA)
    )
    rows = Variant.objects.filter(Exists(others), post_id__in=post_ids, removed_at__isnull=True)
    found: dict[UUID, list[str]] = defaultdict(list)
    for post_id, name in rows.order_by("channel__name").values_list("post_id", "channel__name"):
        found[post_id].append(name)
    return found
