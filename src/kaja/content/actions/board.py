"""Where a post stands in the plan: idea, draft, scheduled, and its place on the board."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from kaja.content.actions import checks
from kaja.content.events import PostChanged
from kaja.content.models import Post, PostState
from kaja.kernel import events
from kaja.kernel.signals import notify_live
from kaja.networks.kit.problems import Problem, gettext_noop
from kaja.workspaces import audit, policy
from kaja.workspaces.actor import Actor
from kaja.workspaces.errors import Refused


@transaction.atomic
def set_plan(actor: Actor, post_id: UUID, state: str, due_at: datetime | None) -> Post:
    """Set state and time together. Domains above schedule and unschedule through this; it makes no revision.

    A change from or to `scheduled` needs the right to publish.
    """
    checks.require_aware(due_at)
    post = checks.lock_post(post_id)
    checks.require_write(actor, post)
    if state == PostState.SCHEDULED:
        policy.require(actor, policy.Permission.PUBLISH)
        if due_at is None:
            raise ValueError("a scheduled post needs a time")
    changed = {name for name, new in (("state", state), ("due_at", due_at)) if getattr(post, name) != new}
    if not changed:
        return post
    before = {"state": post.state, "due_at": post.due_at.isoformat() if post.due_at else None}
    post.state, post.due_at = state, due_at
    post.save(update_fields=["state", "due_at", "updated_at"])
    after = {"state": state, "due_at": due_at.isoformat() if due_at else None}
    audit.record(actor, "post.plan", post, before, after)
    events.publish(PostChanged(post.id, post.revision, frozenset(changed)))
    notify_live(post.workspace_id, "post", post.id)
    return post


def save_as_idea(actor: Actor, post_id: UUID) -> Post:
    """Put a draft back among the ideas; it keeps its intended time. A scheduled post is unscheduled first."""
    post = checks.lock_post(post_id)
    if post.state == PostState.SCHEDULED:
        raise Refused(
            Problem(
                code="post_is_scheduled",
                message=gettext_noop("This post is scheduled, so it cannot become an idea."),
                fix=gettext_noop("Unschedule it first."),
            )
        )
    return set_plan(actor, post_id, PostState.IDEA, post.due_at)


def idea_to_draft(actor: Actor, post_id: UUID) -> Post:
    """Start working on an idea. A draft stays a draft."""
    post = checks.lock_post(post_id)
    return post if post.state != PostState.IDEA else set_plan(actor, post_id, PostState.DRAFT, post.due_at)


@transaction.atomic
def move_on_board(actor: Actor, post_id: UUID, after: UUID | None) -> Post:
    """Put a post right behind another one of its column, or first."""
    post = checks.lock_post(post_id)
    policy.require(actor, policy.Permission.WRITE)
    column = list(
        Post.objects.select_for_update()
        .filter(state=post.state, deleted_at__isnull=True)
        .exclude(id=post.id)
        .order_by("position", "id")
    )
    index = 0
    if after is not None:
        index = next((i + 1 for i, each in enumerate(column) if each.id == after), len(column))
    low = column[index - 1].position if index else None
    high = column[index].position if index < len(column) else None
    post.position = (low + high) / 2 if low is not None and high is not None else (low or 0) + 1
    if low is None:
        post.position = (high or 0) - 1
    if low is not None and high is not None and not low < post.position < high:
        # Halving used up the room between two floats: number the column anew.
        for number, each in enumerate([*column[:index], post, *column[index:]]):
            each.position = float(number)
            each.save(update_fields=["position"])
    post.save(update_fields=["position", "updated_at"])
    audit.record(actor, "post.move", post, after={"after": str(after) if after else None})
    notify_live(post.workspace_id, "post", post.id)
    return post
