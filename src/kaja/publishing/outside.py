"""What programs outside are told of posts (`outgoing`): in the transaction in which it becomes known."""

from kaja.delivery.events import DeliveryEvent, DeliveryFailed, DeliverySent
from kaja.outgoing.events import PostFailed, PostPublished
from kaja.outgoing.telling import find_listeners, tell
from kaja.publishing.models import POST
from kaja.publishing.queries import get_delivery


def tell_of_post(event: DeliveryEvent) -> None:
    """That a message of a post went out, or could not."""
    kind = {DeliverySent: "post.published", DeliveryFailed: "post.failed"}.get(type(event))
    if kind is None or event.source_kind != POST or not (listeners := find_listeners(kind)):
        return
    row = get_delivery(event.delivery_id)
    about = {"post": row.variant.post_id, "delivery": row.id, "channel": row.channel_id, "kind": row.kind}
    if kind == "post.published":
        tell(kind, [PostPublished(**about, url=row.remote_url)], listeners)
    else:
        tell(kind, [PostFailed(**about, problem=str((event.problem or {}).get("code", "")))], listeners)
