"""What programs outside are told of posts (`outgoing`): in the transaction in which it becomes known."""

from collections.abc import Sequence
from typing import Any

from kaja.delivery.events import DeliveryFailed, DeliverySent
from kaja.outgoing.events import PostFailed, PostPublished
from kaja.outgoing.telling import find_listeners, tell
from kaja.publishing.models import POST, PostDelivery
from kaja.publishing.queries import get_delivery


def tell_of_sent(events: Sequence[DeliverySent]) -> None:
    """That messages of posts went out."""
    ids = [event.delivery_id for event in events if event.source_kind == POST]
    if not ids or not (listeners := find_listeners("post.published")):
        return
    rows = PostDelivery.objects.select_related("variant").in_bulk(ids)
    found = [rows[each] for each in ids if each in rows]
    tell("post.published", [PostPublished(**_about(row), url=row.remote_url) for row in found], listeners)


def tell_of_failed(event: DeliveryFailed) -> None:
    """That a message of a post could not."""
    if event.source_kind != POST or not (listeners := find_listeners("post.failed")):
        return
    row = get_delivery(event.delivery_id)
    problem = str((event.problem or {}).get("code", ""))
    tell("post.failed", [PostFailed(**_about(row), problem=problem)], listeners)


def _about(row: PostDelivery) -> dict[str, Any]:
    return {"post": row.variant.post_id, "delivery": row.id, "channel": row.channel_id, "kind": row.kind}
