"""Smaller edits of a post's content; each is an `update_post` of its own."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from kaja.content.actions import checks
from kaja.content.actions.posts import update_post
from kaja.content.document import Overrides, PartDocument
from kaja.content.models import Post, Variant
from kaja.content.snapshot import PostContent, VariantContent, content_of
from kaja.kernel.problems import NotFound, Problem, Refused, gettext_noop
from kaja.media.item import MediaItem
from kaja.workspaces.actor import Actor


def _content(post_id: UUID) -> PostContent:
    post = checks.lock_post(post_id)
    return content_of(post, Variant.objects.filter(post=post).order_by("id"))


def set_channels(actor: Actor, post_id: UUID, base_revision: int | None, channels: Sequence[UUID]) -> Post:
    """Say which channels carry the post. A channel that is left out loses what it had of its own (history keeps it)."""
    return update_post(actor, post_id, base_revision, {"channels": channels})


@transaction.atomic
def set_variant(
    actor: Actor,
    post_id: UUID,
    base_revision: int | None,
    channel_id: UUID,
    *,
    overrides: Overrides | None = None,
    options: Mapping[str, Any] | None = None,
) -> Post:
    """Set what one channel has of its own; None leaves that half as it is."""
    now = _content(post_id).variants.get(channel_id, VariantContent())
    own = VariantContent(
        now.overrides if overrides is None else overrides, dict(now.options if options is None else options)
    )
    return update_post(actor, post_id, base_revision, {"variants": {channel_id: own}})


def reset_variant(actor: Actor, post_id: UUID, base_revision: int | None, channel_id: UUID) -> Post:
    """Let a channel follow the common document again; its network's options stay."""
    return set_variant(actor, post_id, base_revision, channel_id, overrides=Overrides())


def _part(content: PostContent, index: int) -> PartDocument:
    if not 0 <= index < len(content.document.parts):
        raise NotFound(
            Problem(
                code="part_not_found",
                message=gettext_noop("The thread has no such part."),
                field="parts",
                fix=gettext_noop("Look at the post again; somebody may have changed it."),
            )
        )
    return content.document.parts[index]


def _set_media(
    actor: Actor, post_id: UUID, base_revision: int | None, content: PostContent, part: int, media: Sequence[MediaItem]
) -> Post:
    parts = list(content.document.parts)
    parts[part] = parts[part].model_copy(update={"media": tuple(media)})
    document = content.document.model_copy(update={"parts": tuple(parts)})
    return update_post(actor, post_id, base_revision, {"document": document})


@transaction.atomic
def attach_media(
    actor: Actor, post_id: UUID, base_revision: int | None, items: Sequence[MediaItem], part: int = 0
) -> Post:
    """Add files to the end of a part's media. A file that is there already is not added twice."""
    content = _content(post_id)
    present = _part(content, part).media
    known = {item.asset for item in present}
    return _set_media(
        actor, post_id, base_revision, content, part, [*present, *(i for i in items if i.asset not in known)]
    )


@transaction.atomic
def detach_media(actor: Actor, post_id: UUID, base_revision: int | None, asset: UUID, part: int = 0) -> Post:
    """Take a file off a part; the asset itself stays in the workspace."""
    content = _content(post_id)
    kept = [item for item in _part(content, part).media if item.asset != asset]
    return _set_media(actor, post_id, base_revision, content, part, kept)


@transaction.atomic
def reorder_media(actor: Actor, post_id: UUID, base_revision: int | None, order: Sequence[UUID], part: int = 0) -> Post:
    """Put a part's media in this order; `order` names each of them exactly once."""
    content = _content(post_id)
    present = {item.asset: item for item in _part(content, part).media}
    if len(order) != len(present) or set(order) != present.keys():
        raise Refused(
            Problem(
                code="media_order_incomplete",
                message=gettext_noop("The new order does not name the same pictures."),
                field=f"parts.{part}.media",
                fix=gettext_noop("Look at the post again; somebody may have changed it."),
            )
        )
    return _set_media(actor, post_id, base_revision, content, part, [present[asset] for asset in order])
