"""When a post goes out."""

from datetime import datetime, timedelta

from django.db import transaction

from kaja.content.actions import set_plan
from kaja.content.models import Post, PostState
from kaja.content.queries import check_post, get_post
from kaja.kernel.clock import now
from kaja.networks.kit.problems import Problem, gettext_noop
from kaja.publishing.models import Delivery, State
from kaja.publishing.queries import BEGUN
from kaja.publishing.sync import DROPPED, sync_deliveries, withdraw
from kaja.workspaces import audit, policy
from kaja.workspaces.actor import Actor
from kaja.workspaces.errors import Conflict, Refused

GRACE = timedelta(seconds=60)
"""A time that passed while the person pressed the button counts as now."""


def _require_time(due_at: datetime) -> None:
    if due_at.tzinfo is None:
        raise ValueError("due_at must be timezone-aware")
    if due_at < now() - GRACE:
        raise Refused(
            Problem(
                "time_in_past",
                gettext_noop("This time has passed already; the post stays where it was."),
                field="due_at",
                fix=gettext_noop("Choose a later time, or publish now."),
            )
        )


def _require_sendable(post: Post, *, moved: bool = False) -> None:
    """The same rules that the composer shows and that are checked again at delivery.

    A post that is planned already and only `moved` may be on a channel that was let go: it is kept and shown there.
    """
    found = check_post(post)
    if not found:
        raise Refused(
            Problem(
                "no_channels",
                gettext_noop("The post has no channel to go to."),
                field="channels",
                fix=gettext_noop("Choose at least one channel, then schedule it."),
            )
        )
    errors = [
        problem
        for problems in found.values()
        for problem in problems
        if problem.severity == "error" and not (moved and problem.code == "channel_disconnected")
    ]
    if errors:
        raise Refused(*errors)


@transaction.atomic
def schedule_post(actor: Actor, post: Post, due_at: datetime) -> list[Delivery]:
    """Plan the post for an instant, or move it there; gives its deliveries. Refuses what a network would not take."""
    policy.require(actor, policy.Permission.PUBLISH)
    _require_time(due_at)
    post = get_post(post.id)
    _require_sendable(post)
    return _plan(actor, post, due_at)


@transaction.atomic
def publish_now(actor: Actor, post: Post) -> list[Delivery]:
    """Send the post at once, on every channel where it has not gone out yet."""
    policy.require(actor, policy.Permission.PUBLISH)
    post = get_post(post.id)
    _require_sendable(post)
    return _plan(actor, post, now())


def _plan(actor: Actor, post: Post, due_at: datetime) -> list[Delivery]:
    set_plan(actor, post.id, PostState.SCHEDULED, due_at)
    return sync_deliveries(post.id, revive=True)


@transaction.atomic
def move_post(actor: Actor, post: Post, due_at: datetime) -> Post:
    """Give the post another time: a scheduled one is rescheduled, a draft or idea only changes its intention.

    Refuses once something of it has gone out or is being sent: the time would no longer be true.
    """
    post = get_post(post.id)
    if post.state == PostState.SCHEDULED:
        policy.require(actor, policy.Permission.PUBLISH)
        begun = Delivery.objects.filter(variant__post=post, state__in=BEGUN)
        if begun.exists():
            raise Refused(
                Problem(
                    "already_sent",
                    gettext_noop("This post has gone out already, or is being sent, so its time cannot change."),
                    field="due_at",
                    fix=gettext_noop("Duplicate it to post it again at another time."),
                )
            )
        _require_time(due_at)
        _require_sendable(post, moved=True)
        _plan(actor, post, due_at)
    else:
        policy.require(actor, policy.Permission.WRITE)
        set_plan(actor, post.id, post.state, due_at)
    return get_post(post.id)


@transaction.atomic
def unschedule_post(actor: Actor, post: Post) -> Post:
    """Take the post back to the drafts; it keeps its intended time.

    Where it has gone out already it stays planned and only what has not begun is dropped. Refuses while a channel is
    being sent to, because nobody could say how that ends.
    """
    policy.require(actor, policy.Permission.PUBLISH)
    post = get_post(post.id)
    rows = list(Delivery.objects.select_for_update(of=("self",)).filter(variant__post=post).order_by("id"))
    if any(row.state == State.SENDING for row in rows):
        raise Conflict(
            Problem(
                "being_sent",
                gettext_noop("The post is being sent in this moment."),
                fix=gettext_noop("Wait a few seconds until it is clear how that ended."),
            )
        )
    if any(row.state in (State.SENT, State.PROCESSING, State.UNCERTAIN) for row in rows):
        for row in rows:
            if withdraw(row, DROPPED):
                audit.record(actor, "delivery.cancel", row)
        return post
    set_plan(actor, post.id, PostState.DRAFT, post.due_at)
    sync_deliveries(post.id)
    return get_post(post.id)
