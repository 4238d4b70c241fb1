"""Posts that stand at the same time on the same channel."""

from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

from django.db.models import Exists, OuterRef

from kaja.channels.queries import channel_order
from kaja.content.models import PostState, Variant


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
    for post_id, name in rows.order_by(*channel_order("channel__")).values_list("post_id", "channel__name"):
        found[post_id].append(name)
    return found
