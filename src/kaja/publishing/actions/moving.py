"""Changing the plan of many posts at once, and taking that back. Each post succeeds or is refused by itself."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import transaction

from kaja.content.actions import delete_post, restore_post, set_plan
from kaja.content.models import Post, PostState
from kaja.content.queries import get_post
from kaja.kernel.clock import now
from kaja.networks.kit.problems import Problem, gettext_noop
from kaja.publishing.actions.plan import move_post, schedule_post, unschedule_post
from kaja.workspaces.actor import Actor
from kaja.workspaces.errors import Conflict, Refused

TIME_PAST = Problem(
    "time_in_past",
    gettext_noop("This time has passed already; the post stays where it was."),
    field="due_at",
    fix=gettext_noop("Choose a later time, or publish now."),
)
CHANGED = Problem(
    "plan_changed_meanwhile",
    gettext_noop("Somebody planned this post anew meanwhile; it stays as it is now."),
)


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


def _each(post_ids: Sequence[UUID], act: Callable[[Post], Post]) -> Outcome:
    outcome = Outcome()
    for post_id in dict.fromkeys(post_ids):
        try:
            with transaction.atomic():
                before = get_post(post_id)
                state, due_at = before.state, before.due_at
                after = act(before)
                outcome.steps.append(PlanStep(post_id, state, due_at, after.state, after.due_at))
        except Refused as refused:
            outcome.refused[post_id] = refused
    return outcome


@transaction.atomic
def move_posts(actor: Actor, times: Mapping[UUID, datetime]) -> Outcome:
    """Give each post its time. What has gone out, or would land in the past, stays and is told."""

    def move(post: Post) -> Post:
        if times[post.id] <= now():
            raise Refused(TIME_PAST)
        return move_post(actor, post, times[post.id])

    return _each(list(times), move)


@transaction.atomic
def unschedule_posts(actor: Actor, post_ids: Sequence[UUID]) -> Outcome:
    """Back to drafts that keep their times."""
    return _each(post_ids, lambda post: unschedule_post(actor, post) if post.state == PostState.SCHEDULED else post)


@transaction.atomic
def delete_posts(actor: Actor, post_ids: Sequence[UUID]) -> Outcome:
    """Into the bin."""
    return _each(post_ids, lambda post: delete_post(actor, post.id))


def _as_it_was(actor: Actor, step: PlanStep, post: Post) -> Post:
    if step.state != PostState.SCHEDULED or step.due_at is None:
        return set_plan(actor, post.id, step.state, step.due_at)
    if step.due_at <= now():
        raise Refused(TIME_PAST)
    schedule_post(actor, post, step.due_at)
    return get_post(post.id)


@transaction.atomic
def take_back_plans(actor: Actor, steps: Sequence[PlanStep]) -> Outcome:
    """Undo moves, schedulings and unschedulings, last first; what was planned anew since then stays."""
    by_id = {step.post_id: step for step in steps}

    def back(post: Post) -> Post:
        step = by_id[post.id]
        if (post.state, post.due_at) != (step.became_state, step.became_due_at):
            raise Conflict(CHANGED)
        return _as_it_was(actor, step, post)

    return _each([step.post_id for step in reversed(steps)], back)


@transaction.atomic
def restore_posts(actor: Actor, steps: Sequence[PlanStep]) -> Outcome:
    """Undo deletions. What was scheduled is scheduled again when its time is still to come, else it is a draft."""
    outcome = Outcome()
    for step in steps:
        try:
            with transaction.atomic():
                post = restore_post(actor, step.post_id)
                outcome.steps.append(PlanStep(step.post_id, post.state, post.due_at, post.state, post.due_at))
        except Refused as refused:
            outcome.refused[step.post_id] = refused
            continue
        if step.state != PostState.SCHEDULED:
            continue
        try:
            with transaction.atomic():
                _as_it_was(actor, step, post)
        except Refused as refused:
            # It is back, as a draft with its time; why it is not scheduled is told.
            outcome.refused[step.post_id] = refused
    return outcome
