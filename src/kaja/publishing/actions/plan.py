"""When posts go out. Every step may be for many posts, in as many statements as for one."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from kaja.content.actions import Plan, set_plans
from kaja.content.actions.checks import lock_posts
from kaja.content.models import Post, PostState
from kaja.content.queries import check_posts, get_post
from kaja.delivery.models import State
from kaja.delivery.planning import DROPPED, is_stoppable, list_called, save_changed, take_out
from kaja.kernel.clock import now
from kaja.kernel.locks import lock
from kaja.kernel.problems import Conflict, Problem, Refused, gettext_noop
from kaja.publishing.models import PostDelivery
from kaja.publishing.queries import BEGUN
from kaja.publishing.sync import sync_posts
from kaja.workspaces import audit, policy
from kaja.workspaces.actor import Actor

GRACE = timedelta(seconds=60)
"""A time that passed while the person pressed the button counts as now."""
TIME_PAST = Problem(
    "time_in_past",
    gettext_noop("This time has passed already; the post stays where it was."),
    field="due_at",
    fix=gettext_noop("Choose a later time, or publish now."),
)
ALREADY_SENT = Problem(
    "already_sent",
    gettext_noop("This post has gone out already, or is being sent, so its time cannot change."),
    field="due_at",
    fix=gettext_noop("Duplicate it to post it again at another time."),
)
BEING_SENT = Problem(
    "being_sent",
    gettext_noop("The post is being sent in this moment."),
    fix=gettext_noop("Wait a few seconds until it is clear how that ended."),
)

Refusals = dict[UUID, Refused]


def _require_time(due_at: datetime) -> None:
    if due_at.tzinfo is None:
        raise ValueError("due_at must be timezone-aware")
    if due_at < now() - GRACE:
        raise Refused(TIME_PAST)


def _require_sendable(found: Mapping[UUID, Sequence[Problem]], *, moved: bool = False) -> None:
    """The same rules that the composer shows and that are checked again at delivery; `found` is what they say.

    A post that is planned already and only `moved` may be on a channel that was let go: it is kept and shown there.
    """
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


def _sort(posts: Iterable[Post], check: Callable[[Post], Plan]) -> tuple[dict[UUID, Plan], Refusals]:
    """What each post is planned for, or why not."""
    plans: dict[UUID, Plan] = {}
    refused: Refusals = {}
    for post in posts:
        try:
            plans[post.id] = check(post)
        except Refused as why:
            refused[post.id] = why
    return plans, refused


@transaction.atomic
def schedule_posts(actor: Actor, times: Mapping[UUID, datetime]) -> Refusals:
    """Plan posts for instants, or move them there; gives those that stay as they are, and why."""
    posts = lock_posts(times)
    found = check_posts(posts.values())

    def check(post: Post) -> Plan:
        policy.require(actor, policy.Permission.PUBLISH)
        _require_time(times[post.id])
        _require_sendable(found[post.id])
        return Plan(PostState.SCHEDULED, times[post.id])

    plans, refused = _sort(posts.values(), check)
    _carry_out(actor, plans)
    return refused


def _carry_out(actor: Actor, plans: Mapping[UUID, Plan]) -> list[PostDelivery]:
    set_plans(actor, plans)
    return sync_posts([each for each, plan in plans.items() if plan.state == PostState.SCHEDULED], revive=True)


@transaction.atomic
def schedule_post(actor: Actor, post: Post, due_at: datetime) -> list[PostDelivery]:
    """Plan the post for an instant, or move it there; gives its deliveries. Refuses what a network would not take."""
    policy.require(actor, policy.Permission.PUBLISH)
    _require_time(due_at)
    locked = lock_posts([post.id])
    _require_sendable(check_posts(locked.values())[post.id])
    return _carry_out(actor, {post.id: Plan(PostState.SCHEDULED, due_at)})


def publish_now(actor: Actor, post: Post) -> list[PostDelivery]:
    """Send the post at once, on every channel where it has not gone out yet."""
    return schedule_post(actor, post, now())


@transaction.atomic
def change_times(actor: Actor, times: Mapping[UUID, datetime]) -> Refusals:
    """Give posts another time: a scheduled one is rescheduled, a draft or idea only changes its intention.

    Refuses once something of a post has gone out or is being sent: the time would no longer be true.
    """
    posts = lock_posts(times)
    planned = [post for post in posts.values() if post.state == PostState.SCHEDULED]
    begun = _list_begun([post.id for post in planned])
    found = check_posts(planned)

    def check(post: Post) -> Plan:
        due_at = times[post.id]
        if post.state == PostState.SCHEDULED:
            policy.require(actor, policy.Permission.PUBLISH)
            if post.id in begun:
                raise Refused(ALREADY_SENT)
            _require_time(due_at)
            _require_sendable(found[post.id], moved=True)
        else:
            policy.require(actor, policy.Permission.WRITE)
        return Plan(post.state, due_at)

    plans, refused = _sort(posts.values(), check)
    _carry_out(actor, plans)
    return refused


def _list_begun(post_ids: Collection[UUID]) -> set[UUID]:
    rows = PostDelivery.objects.filter(variant__post_id__in=post_ids, state__in=BEGUN)
    return set(rows.values_list("variant__post_id", flat=True))


@transaction.atomic
def move_post(actor: Actor, post: Post, due_at: datetime) -> Post:
    """`change_times` for one post; raises what refuses it."""
    if why := change_times(actor, {post.id: due_at}).get(post.id):
        raise why
    return get_post(post.id)


@transaction.atomic
def take_off_plan(actor: Actor, post_ids: Collection[UUID]) -> Refusals:
    """Take posts back to the drafts; they keep their intended times.

    Where one has gone out already it stays planned and only what has not begun is dropped. What a
    worker only prepares to send is taken from it. Refuses once a call has begun, because nobody could say how it ends.
    """
    posts = lock_posts(post_ids)
    rows: dict[UUID, list[PostDelivery]] = {post_id: [] for post_id in posts}
    found = list(lock(PostDelivery.objects.filter(variant__post_id__in=posts)).select_related("variant"))
    for row in found:
        rows[row.variant.post_id].append(row)
    called = list_called(found)
    dropped: list[PostDelivery] = []

    def check(post: Post) -> Plan:
        policy.require(actor, policy.Permission.PUBLISH)
        states = {row.state for row in rows[post.id]}
        if any(row.id in called for row in rows[post.id]):
            raise Conflict(BEING_SENT)
        if states & {State.SENT, State.PROCESSING, State.UNCERTAIN}:
            its = rows[post.id]
            dropped.extend(row for row in its if take_out(row, DROPPED, stoppable=is_stoppable(row, called)))
            return Plan(post.state, post.due_at)
        return Plan(PostState.DRAFT, post.due_at)

    plans, refused = _sort(posts.values(), check)
    save_changed(dropped)
    audit.record_each(actor, "delivery.cancel", [(row, {}, {}) for row in dropped])
    set_plans(actor, plans)
    return refused


@transaction.atomic
def unschedule_post(actor: Actor, post: Post) -> Post:
    """`take_off_plan` for one post; raises what refuses it."""
    policy.require(actor, policy.Permission.PUBLISH)
    if why := take_off_plan(actor, [post.id]).get(post.id):
        raise why
    return get_post(post.id)
