"""How far campaigns and channels are: counted by the database, one query each, however many posts there are."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Exists, Max, OuterRef, Q

from kaja.content.models import Post, PostState
from kaja.delivery.models import OPEN_STATES, State
from kaja.publishing.models import PostDelivery


@dataclass(frozen=True)
class Progress:
    """Of `total` posts so many are `out` everywhere; `next` is the first that is still to come."""

    total: int = 0
    out: int = 0
    next: Post | None = None

    @property
    def percent(self) -> int:
        return round(100 * self.out / self.total) if self.total else 0


def progress_of_campaigns(campaign_ids: Collection[UUID], moment: datetime) -> dict[UUID, Progress]:
    """By campaign; ideas and what lies in the bin do not count. Two queries."""
    live = Post.objects.filter(campaign_id__in=campaign_ids, deleted_at__isnull=True).exclude(state=PostState.IDEA)
    mine = PostDelivery.objects.filter(variant__post=OuterRef("pk"))
    unfinished = mine.exclude(state__in=[State.SENT, State.CANCELLED])
    counted = (
        live.annotate(is_out=Exists(mine.filter(state=State.SENT)) & ~Exists(unfinished))
        .order_by()
        .values("campaign_id")
        .annotate(total=Count("id"), out=Count("id", filter=Q(is_out=True)))
    )
    coming = live.filter(due_at__gt=moment).order_by("campaign_id", "due_at", "id").distinct("campaign_id")
    next_of = {
        post.campaign_id: post for post in coming.only("id", "workspace", "campaign", "summary", "due_at", "state")
    }
    return {row["campaign_id"]: Progress(row["total"], row["out"], next_of.get(row["campaign_id"])) for row in counted}


@dataclass(frozen=True)
class ChannelFigures:
    """What went out on a channel since a moment, when the last did, what is planned, and what waits for a person."""

    sent: int
    last: datetime | None
    planned: int
    needs: int


def figures_of_channel(channel_id: UUID, since: datetime) -> ChannelFigures:
    """Messages that follow in a thread are not counted beside their post. One query."""
    rows = PostDelivery.objects.filter(channel_id=channel_id, position=0, variant__post__deleted_at__isnull=True)
    found = rows.aggregate(
        sent=Count("id", filter=Q(state=State.SENT, sent_at__gte=since)),
        last=Max("sent_at"),
        planned=Count("id", filter=Q(state__in=OPEN_STATES, needs_person=False)),
        needs=Count("id", filter=Q(needs_person=True)),
    )
    return ChannelFigures(**found)
