"""Into the bin and out of it. One step may be for many posts."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import transaction

from kaja.content.actions import checks
from kaja.content.events import PostsDeleted, PostsRestored
from kaja.content.models import Post, PostState
from kaja.kernel import clock, events
from kaja.kernel.signals import notify_live_each
from kaja.workspaces import audit, policy
from kaja.workspaces.actor import Actor


def delete_post(actor: Actor, post_id: UUID) -> Post:
    """Put a post in the bin; `restore_post` undoes it. What was published stays on the networks."""
    return delete_posts(actor, [post_id])[0]


@transaction.atomic
def delete_posts(actor: Actor, post_ids: Iterable[UUID]) -> list[Post]:
    """The same for many posts, in as many statements as for one. Refuses them all when one may not be deleted."""
    posts = list(checks.lock_posts(post_ids).values())
    for post in posts:
        checks.require_write(actor, post)
        post.deleted_at = post.updated_at = clock.now()
    if posts:
        Post.objects.bulk_update(posts, ["deleted_at", "updated_at"])
        audit.record_each(actor, "post.delete", [(post, _plan(post), {}) for post in posts])
        ids = [post.id for post in posts]
        events.publish(PostsDeleted(ids))
        notify_live_each(posts[0].workspace_id, "post", ids)
    return posts


def _plan(post: Post) -> dict[str, Any]:
    return {"state": str(post.state), "due_at": post.due_at.isoformat() if post.due_at else None}


def restore_post(actor: Actor, post_id: UUID) -> Post:
    """Take a post out of the bin. One that was scheduled comes back as a draft that keeps its intended time."""
    return restore_posts(actor, [post_id])[0]


@transaction.atomic
def restore_posts(actor: Actor, post_ids: Iterable[UUID]) -> list[Post]:
    """The same for many posts, in as many statements as for one. Refuses them all when one is not in the bin."""
    policy.require(actor, policy.Permission.WRITE)
    posts = list(checks.lock_posts(post_ids, deleted=True).values())
    entries = []
    for post in posts:
        before = {"state": str(post.state)}
        post.deleted_at, post.updated_at = None, clock.now()
        if post.state == PostState.SCHEDULED:
            post.state = PostState.DRAFT
        entries.append((post, before, {"state": str(post.state)}))
    if posts:
        Post.objects.bulk_update(posts, ["deleted_at", "state", "updated_at"])
        audit.record_each(actor, "post.restore", entries)
        ids = [post.id for post in posts]
        events.publish(PostsRestored(ids))
        notify_live_each(posts[0].workspace_id, "post", ids)
    return posts
