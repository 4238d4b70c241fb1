"""Reading who liked, shared, quoted and follows. Inside the workspace's scope."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet

from kaja.channels.models import Channel
from kaja.channels.queries import channel_order
from kaja.delivery.models import Publication
from kaja.inbox.models import Handle, Reaction, ReactionKind
from kaja.inbox.reactions.models import THERE
from kaja.inbox.threads import UnderPost
from kaja.kernel.pages import PAGE, Page, cut_page
from kaja.kernel.tenancy import entered_workspace_id
from kaja.networks.kit.reading import find_reactions
from kaja.networks.registry import CONNECTORS

ORDER = ("-at", "-id")
NAMED = 3
"""So many of the newest are named beside a post."""
MOST_POSTS = 30


@dataclass(frozen=True)
class ReactionFilters:
    """What a list shows; None and empty mean all. `post` is a post's id; `there`: without what was taken back."""

    kinds: frozenset[str] = frozenset()
    channel_ids: frozenset[UUID] = frozenset()
    post: UUID | None = None
    person: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    there: bool = False


def list_reactions(filters: ReactionFilters) -> QuerySet[Reaction]:
    """The newest first, with channel and handle."""
    wanted = THERE if filters.there else Q()
    if filters.kinds:
        wanted &= Q(kind__in=sorted(filters.kinds))
    if filters.channel_ids:
        wanted &= Q(channel_id__in=sorted(filters.channel_ids))
    if filters.person is not None:
        wanted &= Q(handle__person_id=filters.person)
    if filters.since is not None:
        wanted &= Q(at__gte=filters.since)
    if filters.until is not None:
        wanted &= Q(at__lt=filters.until)
    if filters.post is not None:
        of_it = Publication.objects.filter(
            channel=OuterRef("channel"), remote_id=OuterRef("post_ref"), delivery__subject_id=filters.post
        )
        wanted &= Q(Exists(of_it))
    return Reaction.objects.filter(wanted).select_related("channel", "handle").order_by(*ORDER)


def page_reactions(filters: ReactionFilters, cursor: str = "", limit: int = PAGE) -> Page[Reaction]:
    """The same in pages. Raises Refused for a cursor that is none."""
    return cut_page(list_reactions(filters), ORDER, cursor, limit)


def find_posts(rows: Collection[Reaction]) -> dict[tuple[UUID, str], UnderPost]:
    """Posts of ours that these are about, by channel and the network's name for them; one statement. Without what was
    written in the network's own app."""
    refs = sorted({row.post_ref for row in rows} - {""})
    channels = sorted({row.channel_id for row in rows})
    found = Publication.objects.filter(channel_id__in=channels, remote_id__in=refs).select_related("delivery")
    return {
        (each.channel_id, each.remote_id): UnderPost(each.delivery.subject_id, str(each.sent.get("text", ""))[:500])
        for each in found
        if each.channel_id is not None and each.delivery.subject_id is not None
    }


def list_posts_with_reactions() -> list[tuple[UUID, str]]:
    """The newest posts to which somebody did something, with their beginnings: what a list can be narrowed to."""
    about = Reaction.objects.filter(channel=OuterRef("channel"), post_ref=OuterRef("remote_id"))
    rows = Publication.objects.filter(Exists(about), delivery__subject_id__isnull=False).order_by(
        "-published_at", "-id"
    )
    posts: dict[UUID, str] = {}
    for post_id, sent in rows.values_list("delivery__subject_id", "sent")[:MOST_POSTS]:
        if post_id is not None:
            posts.setdefault(post_id, " ".join(str(sent.get("text", "")).split())[:60] or "…")
    return list(posts.items())


def has_reactions() -> bool:
    """Whether there is any."""
    return Reaction.objects.exists()


@dataclass(frozen=True)
class Tally:
    """Of one kind at one post: how many, the newest by name, and how many more there are."""

    kind: ReactionKind
    count: int
    newest: Sequence[Handle]

    @property
    def others(self) -> int:
        return self.count - len(self.newest)


# One statement, whatever there is; the numbers come from the index alone (`reaction_post`).
_TALLY = """
SELECT k.kind, counted.n, newest.handles
FROM unnest(%(kinds)s::text[]) WITH ORDINALITY AS k(kind, nr)
CROSS JOIN LATERAL (
    SELECT count(*) AS n FROM inbox_reaction r
    WHERE r.workspace_id = %(workspace)s AND r.channel_id = %(channel)s AND r.post_ref = %(post)s AND r.kind = k.kind
      AND (r.gone_at IS NULL OR r.gone_at < r.at)
) AS counted
CROSS JOIN LATERAL (
    SELECT jsonb_agg(each.handle ORDER BY each.at DESC, each.id DESC) AS handles FROM (
        SELECT r.at, r.id, jsonb_build_object('id', h.id, 'person_id', h.person_id, 'network', h.network,
            'remote_id', h.remote_id, 'handle', h.handle, 'name', h.name) AS handle
        FROM inbox_reaction r JOIN inbox_handle h ON h.id = r.handle_id
        WHERE r.workspace_id = %(workspace)s AND r.channel_id = %(channel)s AND r.post_ref = %(post)s
          AND r.kind = k.kind AND (r.gone_at IS NULL OR r.gone_at < r.at)
        ORDER BY r.at DESC, r.id DESC LIMIT %(named)s
    ) AS each
) AS newest
WHERE counted.n > 0 ORDER BY k.nr
"""


def list_tallies(channel_id: UUID, post_ref: str) -> list[Tally]:
    """What was done to one post of ours, as far as it still holds."""
    if not post_ref:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            _TALLY,
            {
                "kinds": [kind.value for kind in ReactionKind],
                "workspace": entered_workspace_id(),
                "channel": channel_id,
                "post": post_ref,
                "named": NAMED,
            },
        )
        return [
            Tally(ReactionKind(kind), count, [_handle_of(each) for each in _parsed(handles)])
            for kind, count, handles in cursor.fetchall()
        ]


def _parsed(handles: Any) -> list[Mapping[str, Any]]:
    return list(json.loads(handles) if isinstance(handles, str) else handles)


def _handle_of(told: Mapping[str, Any]) -> Handle:
    return Handle(**{**told, "id": UUID(told["id"]), "person_id": UUID(told["person_id"])})


@dataclass(frozen=True)
class Doing:
    """What one person did on one channel: how often, and since when."""

    channel: Channel
    kind: ReactionKind
    count: int
    since: datetime


def list_doings(person_id: UUID) -> list[Doing]:
    """What somebody does on each channel, as far as it still holds; one statement."""
    rows = Reaction.objects.filter(THERE, handle__person_id=person_id)
    counted = rows.values_list("channel_id", "channel__network", "channel__name", "channel__handle", "kind")
    kinds = list(ReactionKind)
    doings = [
        Doing(Channel(id=channel_id, network=network, name=name, handle=handle), ReactionKind(kind), count, since)
        for channel_id, network, name, handle, kind, count, since in counted.annotate(
            count=Count("*"), since=Min("at")
        ).order_by(*channel_order("channel__"))
    ]
    return sorted(doings, key=lambda each: kinds.index(each.kind))


@dataclass(frozen=True)
class Told:
    """What the network of a channel tells of likes and the like; no kinds: nothing of it."""

    channel: Channel
    kinds: Sequence[ReactionKind]
    tells_gone: bool


def list_told() -> list[Told]:
    """What can be expected of each channel."""
    told = []
    for channel in Channel.objects.filter(disconnected_at=None).order_by(*channel_order()):
        known = find_reactions(CONNECTORS.get(channel.network))
        kinds = [ReactionKind(kind) for kind in known.kinds] if known else []
        told.append(Told(channel, kinds, bool(known and known.tells_gone)))
    return told
