"""Rows as the API's schemas."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from kaja.api.problems import render_problem
from kaja.api.schemas import AssetOut, DeliveryOut, PostOut, ProblemOut, VariantIO
from kaja.content.models import Asset, Post
from kaja.content.queries import get_content, list_labels_of
from kaja.networks.kit.problems import Problem
from kaja.publishing.models import Delivery


def problem_out(stored: Mapping[str, object] | None) -> ProblemOut | None:
    """A stored problem, translated."""
    return ProblemOut.model_validate(render_problem(Problem(**stored))) if stored else None  # type: ignore[arg-type]


def delivery_out(delivery: Delivery) -> DeliveryOut:
    return DeliveryOut(
        id=delivery.id,
        channel=delivery.channel_id,
        kind=delivery.kind,
        position=delivery.position,
        state=delivery.state,
        due_at=delivery.due_at,
        sent_at=delivery.sent_at,
        remote_id=delivery.remote_id,
        remote_url=delivery.remote_url,
        needs_person=delivery.needs_person,
        problem=problem_out(delivery.problem),
    )


def posts_out(posts: Iterable[Post]) -> list[PostOut]:
    """Posts with their deliveries; one query for all deliveries."""
    posts = list(posts)
    deliveries: dict[UUID, list[Delivery]] = {}
    rows = Delivery.objects.filter(variant__post__in=posts).select_related("variant").order_by("channel_id", "position")
    for delivery in rows:
        deliveries.setdefault(delivery.variant.post_id, []).append(delivery)
    return [_post_out(post, deliveries.get(post.id, [])) for post in posts]


def _post_out(post: Post, deliveries: Iterable[Delivery]) -> PostOut:
    content = get_content(post)
    return PostOut(
        id=post.id,
        state=post.state,
        summary=post.summary,
        document=content.document,
        variants={
            channel: VariantIO(overrides=own.overrides, options=dict(own.options))
            for channel, own in content.variants.items()
        },
        due_at=post.due_at,
        campaign=post.campaign.name if post.campaign else None,
        labels=list_labels_of(post),
        revision=post.revision,
        created_at=post.created_at,
        updated_at=post.updated_at,
        deliveries=[delivery_out(delivery) for delivery in deliveries],
    )


def asset_out(asset: Asset) -> AssetOut:
    return AssetOut.model_validate(asset, from_attributes=True)
