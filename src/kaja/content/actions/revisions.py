"""Going back to an earlier version."""

from uuid import UUID

from django.db import transaction

from kaja.channels.models import Channel
from kaja.content.actions import checks
from kaja.content.actions.posts import content_at, update_post
from kaja.content.models import Post, Variant
from kaja.workspaces.actor import Actor


@transaction.atomic
def restore_revision(actor: Actor, post_id: UUID, number: int, base_revision: int | None = None) -> Post:
    """Make an earlier version the newest one: a new revision, so nothing is lost and this can be undone the same way.

    Channels that were disconnected since, and are no longer on the post, stay away.
    """
    post = checks.lock_post(post_id)
    checks.require_write(actor, post)
    content = content_at(post, number)
    present = set(Variant.objects.filter(post=post, removed_at__isnull=True).values_list("channel_id", flat=True))
    usable = set(
        Channel.objects.filter(id__in=content.variants.keys(), disconnected_at__isnull=True).values_list(
            "id", flat=True
        )
    )
    variants = {c: own for c, own in content.variants.items() if c in usable | present}
    return update_post(
        actor,
        post_id,
        base_revision,
        {"document": content.document, "channels": list(variants), "variants": variants},
    )
