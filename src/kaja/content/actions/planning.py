"""Where posts stand in the plan: idea, draft, scheduled, and when. One step may be for many posts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction

from kaja.content.actions import checks
from kaja.content.events import PostsPlanned
from kaja.content.models import Post, PostState
from kaja.kernel import clock, events
from kaja.kernel.problems import Problem, Refused, gettext_noop
from kaja.kernel.signals import notify_live_each
from kaja.workspaces import audit, policy
from kaja.workspaces.actor import Actor

POST_IS_SCHEDULED = Problem(
    code="post_is_scheduled",
    message=gettext_noop("This post is scheduled, so it cannot become an idea."),
    fix=gettext_noop("Unschedule it first."),
)


class Plan(NamedTuple):
    """State and time belong together."""

    state: str
    due_at: datetime | None

    def render(self) -> dict[str, Any]:
        return {"state": str(self.state), "due_at": self.due_at.isoformat() if self.due_at else None}


@transaction.atomic
def set_plan(actor: Actor, post_id: UUID, state: str, due_at: datetime | None) -> Post:
    """Set state and time together. Domains above schedule and unschedule through this; it makes no revision.

    A change from or to `scheduled` needs the right to publish.
    """
    return set_plans(actor, {post_id: Plan(state, due_at)})[0]


@transaction.atomic
def set_plans(actor: Actor, plans: Mapping[UUID, Plan]) -> list[Post]:
    """The same for many posts, in as many statements as for one; gives those posts, by their ids. Refuses them all
    when one of them may not be changed."""
    posts = checks.lock_posts(plans)
    changed: list[Post] = []
    entries = []
    for post in posts.values():
        plan = plans[post.id]
        checks.require_aware(plan.due_at)
        checks.require_write(actor, post)
        if plan.state == PostState.SCHEDULED:
            policy.require(actor, policy.Permission.PUBLISH)
            if plan.due_at is None:
                raise ValueError("a scheduled post needs a time")
        before = Plan(post.state, post.due_at)
        if before == plan:
            continue
        post.state = plan.state
        post.set_due(plan.due_at)
        post.updated_at = clock.now()
        changed.append(post)
        entries.append((post, before.render(), plan.render()))
    if changed:
        Post.objects.bulk_update(changed, ["state", "due_at", "due_wall", "due_zone", "updated_at"])
        audit.record_each(actor, "post.plan", entries)
        ids = [post.id for post in changed]
        events.publish(PostsPlanned(ids))
        notify_live_each(changed[0].workspace_id, "post", ids)
    return list(posts.values())


@transaction.atomic
def save_as_idea(actor: Actor, post_id: UUID) -> Post:
    """Put a draft back among the ideas; it keeps its intended time. A scheduled post is unscheduled first."""
    post = checks.lock_post(post_id)
    if post.state == PostState.SCHEDULED:
        raise Refused(POST_IS_SCHEDULED)
    return set_plan(actor, post_id, PostState.IDEA, post.due_at)


@transaction.atomic
def idea_to_draft(actor: Actor, post_id: UUID) -> Post:
    """Start working on an idea. A draft stays a draft."""
    post = checks.lock_post(post_id)
    return post if post.state != PostState.IDEA else set_plan(actor, post_id, PostState.DRAFT, post.due_at)
