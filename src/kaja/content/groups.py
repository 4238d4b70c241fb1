"""Reading campaigns and labels. Inside the workspace's scope."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Count, Q

from kaja.content.models import Campaign, Label, Post, PostLabel
from kaja.content.snapshot import Groups
from kaja.kernel.pages import PAGE, Page, cut_page


def list_campaigns() -> list[Campaign]:
    """Campaigns that posts may join, by name."""
    return list(Campaign.objects.filter(archived_at__isnull=True).order_by("name"))


def find_campaign(campaign_id: UUID) -> Campaign | None:
    """A campaign, archived or not, or None."""
    return Campaign.objects.filter(id=campaign_id).first()


def page_campaigns(cursor: str = "", limit: int = PAGE, *, archived: bool = False) -> Page[Campaign]:
    """Campaigns that posts may join, or those that are archived, by name."""
    return cut_page(Campaign.objects.filter(archived_at__isnull=not archived), ("name", "id"), cursor, limit)


def page_campaigns_by_age(cursor: str = "", limit: int = PAGE) -> Page[Campaign]:
    """Campaigns that posts may join, the oldest first."""
    return cut_page(Campaign.objects.filter(archived_at__isnull=True), ("id",), cursor, limit)


def list_label_names() -> list[str]:
    """Labels in use, by name."""
    return list(Label.objects.order_by("name").values_list("name", flat=True)[:500])


def page_labels(cursor: str = "", limit: int = PAGE) -> Page[Label]:
    """Labels by name, each with `count`, how many posts bear it."""
    counted = Count("post_labels", filter=Q(post_labels__post__deleted_at__isnull=True))
    return cut_page(Label.objects.annotate(count=counted), ("name", "id"), cursor, limit)


def page_labels_by_age(cursor: str = "", limit: int = PAGE) -> Page[Label]:
    """Labels, the oldest first."""
    return cut_page(Label.objects.all(), ("id",), cursor, limit)


def groups_of(post_ids: Collection[UUID]) -> dict[UUID, Groups]:
    """Campaign and labels of many posts, in two queries."""
    names: dict[UUID, list[str]] = {post_id: [] for post_id in post_ids}
    rows = PostLabel.objects.filter(post_id__in=post_ids).order_by("label__name").values_list("post_id", "label__name")
    for post_id, name in rows:
        names[post_id].append(name)
    posts = Post.objects.filter(id__in=post_ids).values_list("id", "campaign_id")
    return {post_id: Groups(campaign, tuple(names[post_id])) for post_id, campaign in posts}
