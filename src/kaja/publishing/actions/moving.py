"""Changing the plan of many posts at once, and taking that back. Each post succeeds or is refused by itself."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

from kaja.content import actions as content
from kaja.content.actions import Plan, set_plans
from kaja.content.models import Post, PostState
from kaja.content.plan.slots import find_free_slots
from kaja.content.queries import list_carriers
from kaja.delivery.models import OPEN_STATES
from kaja.delivery.planning import save_changed
from kaja.kernel.clock import now
from kaja.kernel.locks import lock
from kaja.kernel.problems import Conflict, NotFound, Problem, Refused, gettext_noop
from kaja.kernel.times import move_to_day
from kaja.publishing.actions.plan import TIME_PAST, change_times, schedule_posts, take_off_plan
from kaja.publishing.models import PostDelivery
from kaja.workspaces import policy
from kaja.workspaces.actor import Actor

CHANGED = Problem(
    "plan_changed_meanwhile",
    gettext_noop("Somebody scheduled this post again meanwhile; it stays as it is now."),
)


NO_SLOT = Problem(
    "no_free_slot",
    gettext_noop("Its channels have no free slot in their queues."),
    field="due_at",
    fix=gettext_noop("Choose a time, or add weekly slots to a channel."),
)
NO_TIME = Problem("time_missing", gettext_noop("The post has no time yet."), field="due_at")


@dataclass(frozen=True)
class PlanStep:
    """What the plan of one post was, and what it became: enough to take the step back."""

    post_id: UUID
    state: str
    due_at: datetime | None
    became_state: str
    became_due_at: datetime | None


@dataclass
class Outcome:
    """What happened to each of many posts, in their order."""

    steps: list[PlanStep] = field(default_factory=list)
    refused: dict[UUID, Refused] = field(default_factory=dict)


class _Step:
    """Posts before a step: who is not there (any more) is refused, the others are compared after it."""

    def __init__(self, post_ids: Iterable[UUID], *, deleted: bool = False) -> None:
        self.wanted = list(dict.fromkeys(post_ids))
        rows = lock(Post.objects.filter(id__in=self.wanted, deleted_at__isnull=not deleted))
        self.posts = {post.id: post for post in rows}
        self.outcome = Outcome()
        for post_id in self.wanted:
            if post_id not in self.posts:
                self.outcome.refused[post_id] = NotFound(content.POST_NOT_FOUND)

    def refuse(self, post_id: UUID, why: Refused) -> None:
        self.outcome.refused[post_id] = why

    def left(self) -> list[UUID]:
        """Who is not refused yet."""
        return [each for each in self.wanted if each not in self.outcome.refused]

    def done(self) -> Outcome:
        """Compare with how they stand now."""
        left = self.left()
        after = {post.id: post for post in Post.objects.filter(id__in=left)}
        for each in left:
            before, became = self.posts[each], after[each]
            self.outcome.steps.append(PlanStep(each, before.state, before.due_at, became.state, became.due_at))
        return self.outcome


@transaction.atomic
def move_posts(actor: Actor, times: Mapping[UUID, datetime]) -> Outcome:
    """Give each post its time. What has gone out, or would land in the past, stays and is told."""
    step = _Step(times)
    for post_id in step.left():
        if times[post_id] <= now():
            step.refuse(post_id, Refused(TIME_PAST))
    step.outcome.refused |= change_times(actor, {post_id: times[post_id] for post_id in step.left()})
    return step.done()


def shift_posts(
    actor: Actor, posts: Sequence[Post], zone: ZoneInfo, *, days: int = 0, day: date | None = None
) -> Outcome:
    """So many days later, or all to one day. The wall-clock time stays, also across a change of the clocks."""
    times = {}
    for post in posts:
        if post.due_at is not None:
            goal = day or post.due_at.astimezone(zone).date() + timedelta(days=days)
            times[post.id] = move_to_day(post.due_at, goal, zone).instant
    outcome = move_posts(actor, times)
    outcome.refused |= {post.id: Refused(NO_TIME) for post in posts if post.due_at is None}
    return outcome


def move_into_slots(actor: Actor, posts: Sequence[Post], zone: ZoneInfo) -> Outcome:
    """Each post, in the given order, to the next slot of its channels that is free when its turn comes."""
    carriers = list_carriers([post.id for post in posts])
    slots = find_free_slots(carriers, now(), zone)
    outcome = move_posts(actor, {each: slot.instant for each, slot in slots.items() if slot})
    outcome.refused |= {each: Refused(NO_SLOT) for each, slot in slots.items() if slot is None}
    return outcome


@transaction.atomic
def publish_posts(actor: Actor, post_ids: Sequence[UUID]) -> Outcome:
    """Send each of them at once, where it has not gone out yet."""
    step = _Step(post_ids)
    step.outcome.refused |= schedule_posts(actor, dict.fromkeys(step.left(), now()))
    return step.done()


@transaction.atomic
def unschedule_posts(actor: Actor, post_ids: Sequence[UUID]) -> Outcome:
    """Back to drafts that keep their times."""
    step = _Step(post_ids)
    planned = [each for each in step.left() if step.posts[each].state == PostState.SCHEDULED]
    step.outcome.refused |= take_off_plan(actor, planned)
    return step.done()


@transaction.atomic
def pause_posts(actor: Actor, post_ids: Sequence[UUID]) -> Outcome:
    """The same for a while. What has begun to go out cannot be stopped, and is not tried again either: no call for it
    begins after this, for the statement that opens one asks whether its row is allowed."""
    outcome = unschedule_posts(actor, post_ids)
    begun = list(lock(PostDelivery.objects.filter(variant__post_id__in=post_ids, state__in=OPEN_STATES)))
    for row in begun:
        row.allowed = False
    save_changed(begun)
    return outcome


@transaction.atomic
def delete_posts(actor: Actor, post_ids: Sequence[UUID]) -> Outcome:
    """Into the bin."""
    step = _Step(post_ids)
    for post_id in step.left():
        try:
            content.require_write(actor, step.posts[post_id])
        except Refused as why:
            step.refuse(post_id, why)
    content.delete_posts(actor, step.left())
    return step.done()


def _put_back(actor: Actor, step: _Step, steps: Mapping[UUID, PlanStep]) -> dict[UUID, Refused]:
    """Bring posts to what they were before their steps; gives those that cannot be, and why."""
    left = step.left()
    scheduled, plans, refused = {}, {}, {}
    for post_id in left:
        was = steps[post_id]
        if was.state == PostState.SCHEDULED and was.due_at is not None:
            if was.due_at <= now():
                refused[post_id] = Refused(TIME_PAST)
            else:
                scheduled[post_id] = was.due_at
            continue
        try:
            content.require_write(actor, step.posts[post_id])
        except Refused as why:
            refused[post_id] = why
        else:
            plans[post_id] = Plan(was.state, was.due_at)
    set_plans(actor, plans)
    return refused | schedule_posts(actor, scheduled)


@transaction.atomic
def take_back_plans(actor: Actor, steps: Sequence[PlanStep]) -> Outcome:
    """Undo moves, schedulings and unschedulings; what was planned anew since then stays."""
    by_id = {each.post_id: each for each in steps}
    step = _Step(each.post_id for each in reversed(steps))
    for post_id in step.left():
        post, was = step.posts[post_id], by_id[post_id]
        if (post.state, post.due_at) != (was.became_state, was.became_due_at):
            step.refuse(post_id, Conflict(CHANGED))
    step.outcome.refused |= _put_back(actor, step, by_id)
    return step.done()


@transaction.atomic
def restore_posts(actor: Actor, steps: Sequence[PlanStep]) -> Outcome:
    """Undo deletions. What was scheduled is scheduled again when its time is still to come, else it is a draft."""
    policy.require(actor, policy.Permission.WRITE)
    by_id = {each.post_id: each for each in steps}
    step = _Step(by_id, deleted=True)
    content.restore_posts(actor, step.left())
    outcome = step.done()
    scheduled = [each for each in step.left() if by_id[each].state == PostState.SCHEDULED]
    # They are back, as drafts with their times; why one is not scheduled is told.
    outcome.refused |= _put_back(actor, _Step(scheduled), by_id)
    return outcome
