"""Rows as the API's schemas."""

from collections.abc import Iterable, Mapping
from typing import Any

from kaja.api.problems import render_problem
from kaja.api.schemas import (
    AssetOut,
    ChangeOut,
    ChannelOut,
    DeliveryOut,
    FormatOut,
    OptionOut,
    PostOut,
    PostStands,
    ProblemOut,
    PublicationOut,
    QuotaOut,
    VariantIO,
)
from kaja.channels.following import find_new_address
from kaja.channels.models import Channel
from kaja.content.models import Post, PostState
from kaja.content.queries import get_content, list_labels_of
from kaja.delivery.models import Delivery, Publication
from kaja.delivery.problems import parse_problem
from kaja.kernel.problems import Problem
from kaja.media.models import Asset
from kaja.networks.kit.formats import Format
from kaja.publishing.models import RemoteChange
from kaja.publishing.queries import deliveries_of, standing_of_deliveries


def problem_out(problem: Problem | Mapping[str, Any] | None) -> ProblemOut | None:
    """A finding, or one as a row holds it, translated."""
    if not problem:
        return None
    found = problem if isinstance(problem, Problem) else parse_problem(problem)
    return ProblemOut.model_validate(render_problem(found))


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


def render_posts(posts: Iterable[Post]) -> list[PostOut]:
    """Posts with their deliveries; one query for all deliveries."""
    posts = list(posts)
    deliveries = deliveries_of(posts)
    return [_post_out(post, deliveries.get(post.id, [])) for post in posts]


_STANDINGS: dict[str, PostStands] = {
    "idea": "idea", "draft": "draft", "scheduled": "scheduled",
    "planned": "scheduled", "under_way": "underway", "done": "sent", "needs_you": "needs", "dropped": "cancelled",
}  # fmt: skip
"""How a post stands, by the keys of docs/terms.md."""
_UNSENT = ("planned", "dropped")
"""What became of messages says nothing about a post that was taken off the plan before any of them was sent."""


def _post_out(post: Post, deliveries: Iterable[Delivery]) -> PostOut:
    content = get_content(post)
    deliveries = list(deliveries)
    standing = standing_of_deliveries((row.state, row.needs_person) for row in deliveries)
    told = bool(deliveries) and (post.state == PostState.SCHEDULED or standing not in _UNSENT)
    return PostOut(
        id=post.id,
        state=post.state,
        standing=_STANDINGS[standing if told else post.state],
        summary=post.summary,
        document=content.document,
        variants={
            str(channel): VariantIO(overrides=own.overrides, options=dict(own.options))
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


def format_out(shown_as: Format) -> FormatOut:
    return FormatOut(
        key=shown_as.key,
        text=shown_as.text,
        least_files=shown_as.media.least,
        most_files=shown_as.media.most,
        kinds=list(shown_as.media.files),
        options=[
            OptionOut(
                name=field.name,
                kind=field.kind,
                required=field.required,
                default=field.default,
                choices=[choice.value for choice in field.choices],
            )
            for field in shown_as.options
        ],
    )


def publication_out(publication: Publication) -> PublicationOut:
    return PublicationOut(
        id=publication.id,
        delivery=publication.delivery_id,
        remote_id=publication.remote_id,
        remote_url=publication.remote_url,
        published_at=publication.published_at,
        edited_at=publication.edited_at,
        deleted_at=publication.deleted_at,
    )


def change_out(change: RemoteChange) -> ChangeOut:
    return ChangeOut(
        id=change.id,
        kind=change.kind,
        state=change.state,
        problem=problem_out(change.problem),
        created_at=change.created_at,
        finished_at=change.finished_at,
    )


def channel_out(channel: Channel) -> ChannelOut:
    return ChannelOut(
        id=channel.id,
        network=channel.network,
        name=channel.name,
        handle=channel.handle,
        url=channel.url,
        health=channel.health,
        health_problem=problem_out(channel.health_problem),
        moved_to=find_new_address(channel),
        expires_at=channel.expires_at,
        permissions=list(channel.facts.get("permissions", [])),
        quotas=[QuotaOut.model_validate(quota, from_attributes=True) for quota in channel.quotas.all()],
        disconnected_at=channel.disconnected_at,
    )
