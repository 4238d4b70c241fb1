"""What stands in a stretch of the calendar: light values, in a number of queries that does not grow with the posts."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, tzinfo
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, F, FloatField, Func, JSONField, OuterRef, Value

from kaja.content.models import Asset, PostState, Variant
from kaja.content.queries import PostFilter, filter_posts

ENTRIES_MAX = 2000
"""More posts than this in one view are not drawn; the page says how many there are and offers filters."""


@dataclass(slots=True)
class Entry:
    """One post in the calendar. `thumbnail` is an asset's id; `channels` are those that carry it, in their order."""

    id: UUID
    state: str
    due_at: datetime
    summary: str
    campaign: str
    colour: str
    thumbnail: UUID | None
    channels: list[UUID]


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
# A number is read many times faster than a time, and hundreds are.
_DUE_SECONDS = Func(Value("epoch"), F("due_at"), function="date_part", output_field=FloatField())


def list_calendar(begin: datetime, end: datetime, zone: tzinfo, wanted: PostFilter | None = None) -> Stretch:
    """Posts with begin <= due_at < end that are not ideas, their times in `zone`. Three queries at most."""
    rows = filter_posts(wanted or PostFilter()).filter(due_at__gte=begin, due_at__lt=end).exclude(state=PostState.IDEA)
    carriers = Variant.objects.filter(post=OuterRef("pk"), removed_at__isnull=True).order_by("id")
    posts = list(
        rows.annotate(
            due_seconds=_DUE_SECONDS, first_asset=_FIRST_ASSET, carriers=ArraySubquery(carriers.values("channel_id"))
        )
        .order_by("due_at", "id")
        .values_list(
            "id", "state", "due_seconds", "summary", "campaign__name", "campaign__colour", "first_asset", "carriers"
        )[: ENTRIES_MAX + 1]
    )
    total = len(posts) if len(posts) <= ENTRIES_MAX else rows.count()
    posts = posts[:ENTRIES_MAX]
    first = {post[0]: UUID(post[6]) for post in posts if post[6]}
    drawn = set(Asset.objects.filter(id__in=set(first.values())).exclude(thumbnail="").values_list("id", flat=True))
    entries = []
    for post_id, state, due, summary, campaign, colour, _, channels in posts:
        asset = first.get(post_id)
        picture = asset if asset in drawn else None
        due_at = datetime.fromtimestamp(due, zone)
        entries.append(Entry(post_id, state, due_at, summary, campaign or "", colour or "", picture, channels))
    return Stretch(entries, total)


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
