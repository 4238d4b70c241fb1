"""What stands in a stretch of the calendar: light rows, in one query whatever the number of posts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import F, Func, QuerySet, UUIDField, Value

from kaja.content.models import Post, PostState
from kaja.content.queries import PostFilter, filter_posts
from kaja.kernel.compiled import CompiledQuery
from kaja.publishing.queries import STATES_OF_POST

ENTRIES_MAX = 2000
"""More posts than this in one view are not drawn; the page says how many there are and offers filters."""


UNIT = "\x1f"


class Row(NamedTuple):
    """One post as the database gives it: texts and a number, so that equal rows are found again quickly.

    `due` is in seconds since 1970; `owner` and `campaign` are names; `thumbnail` is an asset's id; `channels` are the
    ids of those that carry the post (twice where several messages go there); `standing` is for
    `publishing.queries.parse_standing`; `labels` are names, parted by the unit separator. What there is not is empty.
    """

    id: str
    state: str
    due: float
    summary: str
    owner: str
    campaign: str
    colour: str
    thumbnail: str
    channels: str
    standing: str
    labels: str

    def list_labels(self) -> list[str]:
        """The names of the labels, by the alphabet."""
        return self.labels.split(UNIT) if self.labels else []

    def list_channels(self) -> list[UUID]:
        """The channels that carry the post, each once."""
        return [UUID(each) for each in dict.fromkeys(self.channels.split())]


@dataclass(frozen=True)
class Stretch:
    """The rows in order of time (each as long as a `Row`), and how many there are in all."""

    rows: list[tuple[Any, ...]]
    total: int


# The ORM chooses the posts, in the same words as every list; SQL around it adds the rest, post by post: joined as whole
# tables, a planner that takes row-level security for a wide filter reads all variants of a full workspace.
# Identifiers come as text, because reading hundreds of them as values takes longer than finding them.
_AROUND = f"""
WITH chosen AS MATERIALIZED ({{query}})
SELECT chosen.id::text, chosen.state, date_part('epoch', chosen.due_at), chosen.summary,
       coalesce(nullif(owner.name, ''), owner.email, ''), coalesce(campaign.name, ''), coalesce(campaign.colour, ''),
       coalesce(picture.id::text, ''), coalesce(carried.channels, ''), coalesce(carried.standing, ''),
       coalesce(labelled.names, '')
FROM chosen
LEFT JOIN workspaces_user owner ON owner.id = chosen.owner_id
LEFT JOIN content_campaign campaign ON campaign.id = chosen.campaign_id
LEFT JOIN content_asset picture ON picture.id = chosen.first_asset AND picture.thumbnail <> ''
LEFT JOIN LATERAL (
    SELECT {STATES_OF_POST} AS standing,
           string_agg(variant.channel_id::text, ' ' ORDER BY variant.id)
               FILTER (WHERE variant.removed_at IS NULL) AS channels
    FROM content_variant variant
    LEFT JOIN publishing_delivery delivery ON delivery.variant_id = variant.id
    WHERE variant.post_id = chosen.id
) carried ON true
LEFT JOIN LATERAL (
    SELECT string_agg(label.name, chr({ord(UNIT)}) ORDER BY label.name) AS names
    FROM content_postlabel given
    JOIN content_label label ON label.id = given.label_id
    WHERE given.post_id = chosen.id
) labelled ON true
ORDER BY chosen.due_at, chosen.id
"""  # noqa: S608  # constants of ours
# Documents may be long; only the first file's id leaves the database.
_FIRST_ASSET = Func(
    F("document"),
    Value("$.parts[*].media[*].asset"),
    template="(jsonb_path_query_first(%(expressions)s::jsonpath) #>> '{}')::uuid",
    output_field=UUIDField(),
)
_calendar = CompiledQuery(_AROUND)


def list_calendar(begin: datetime, end: datetime, wanted: PostFilter | None = None) -> Stretch:
    """Posts with begin <= due_at < end that are not ideas. One query, two when there are more than are drawn."""
    wanted = wanted or PostFilter()
    if wanted.text:
        raise ValueError("what a search finds changes, so the calendar's query cannot be kept with it")

    def stretch() -> QuerySet[Post]:
        return filter_posts(wanted).filter(due_at__gte=begin, due_at__lt=end).exclude(state=PostState.IDEA)

    def chosen() -> QuerySet[Post, Any]:
        named = stretch().annotate(first_asset=_FIRST_ASSET).order_by("due_at", "id")
        fields = ("id", "state", "due_at", "summary", "campaign_id", "owner_id", "first_asset")
        found: QuerySet[Post, Any] = named.values(*fields)[: ENTRIES_MAX + 1]
        return found

    rows = _calendar.fetch(chosen, begin, end, key=wanted)
    total = len(rows) if len(rows) <= ENTRIES_MAX else stretch().count()
    return Stretch(rows[:ENTRIES_MAX], total)
