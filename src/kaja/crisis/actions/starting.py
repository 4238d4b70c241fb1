"""Beginning: from then on nothing goes out in public that no person presses for, and scheduled posts are paused by
filters, as often as somebody asks for it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from kaja.content.models import Post, PostState
from kaja.crisis.actions.log import What, clean_line, lock_crisis, write_line
from kaja.crisis.models import Crisis, Outcome, PausedPost
from kaja.crisis.queries import Planned, PlannedFilter, filter_planned, find_current
from kaja.inbox.acts import stop_automatic
from kaja.inbox.forms import clean_text
from kaja.inbox.models import PrivateSending
from kaja.inbox.privately.refusals import IN_CRISIS
from kaja.inbox.privately.stopping import stop
from kaja.inbox.trouble.watching import get_alarm
from kaja.kernel.clock import now
from kaja.kernel.locks import lock
from kaja.kernel.problems import Conflict, Problem, Refused, gettext_noop, render_problem
from kaja.kernel.signals import notify_live
from kaja.kernel.tenancy import entered_workspace_id
from kaja.publishing.actions import pause_posts
from kaja.workspaces import audit, policy
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import Workspace
from kaja.workspaces.notices import create_notice
from kaja.workspaces.once import find_made

STARTED = gettext_noop("%(person)s started crisis mode: “%(name)s”.")
NAMELESS = Problem(
    code="crisis_nameless",
    message=gettext_noop("A crisis has a name, so that everybody knows what is meant."),
    field="name",
    fix=gettext_noop("Say in a few words what happened."),
)
ALREADY = Problem(
    code="crisis_already",
    message=gettext_noop("Crisis mode is on already, since somebody else started it."),
    fix=gettext_noop("Go on in that one."),
)
WENT = Problem("crisis_gone_out", gettext_noop("A part of it had gone out; the rest was dropped."))


@dataclass(frozen=True)
class CrisisForm:
    """What a person says at the start."""

    name: str
    why: str = ""
    alarm_id: UUID | None = None


@transaction.atomic
def start_crisis(actor: Actor, form: CrisisForm, *, new_id: UUID | None = None) -> Crisis:
    """Begin. What rules would do in public stops in this transaction. Raises Conflict where one lasts already."""
    policy.require(actor, policy.Permission.MANAGE)
    name = clean_line(form.name, 120)
    if not name:
        raise Refused(NAMELESS)
    workspace = lock(Workspace.objects.filter(id=entered_workspace_id())).get()
    if (made := find_made(Crisis, new_id)) is not None:
        return made
    if find_current() is not None:
        raise Conflict(ALREADY)
    alarm = get_alarm(form.alarm_id) if form.alarm_id is not None else None
    moment = now()
    crisis = Crisis.objects.create(
        name=name, why=clean_text(form.why, 4000).strip(), alarm=alarm, began_at=moment, began_by_id=actor.user_id,
        approvers=[str(actor.user_id)] if actor.user_id else [],
        **({"id": new_id} if new_id else {}),
    )  # fmt: skip
    workspace.crisis_at = moment
    workspace.save(update_fields=["crisis_at"])
    stopped = stop_automatic() + len(stop(PrivateSending.objects.all(), IN_CRISIS))
    audit.record(actor, "crisis.start", crisis, after={"name": name})
    write_line(actor, crisis, What.START, crisis.why, name=name, alarm=alarm is not None)
    if stopped:
        write_line(actor, crisis, What.STOPPED, count=stopped)
    create_notice(
        "crisis.started", STARTED, {"person": actor.name, "name": name}, path=f"crisis/{crisis.id}/",
        permission=policy.Permission.VIEW,
    )  # fmt: skip
    notify_live(workspace.id, "workspace")
    return crisis


@transaction.atomic
def pause_planned(actor: Actor, crisis_id: UUID, wanted: PlannedFilter) -> Planned:
    """Pause what is planned and fits; gives what was done. A post that has begun to go out is written down as that:
    what of it had not begun is dropped, and nothing of it is tried again."""
    policy.require(actor, policy.Permission.MANAGE)
    policy.require(actor, policy.Permission.PUBLISH)
    crisis = lock_crisis(crisis_id)
    ids = list(filter_planned(wanted).order_by("id").values_list("id", flat=True))
    outcome = pause_posts(actor, ids)
    moment = now()
    rows = []
    for step in outcome.steps:
        if step.state != PostState.SCHEDULED:
            continue  # somebody took it off the plan between the look and the lock
        begun = step.became_state == step.state
        rows.append(_make_row(crisis, step.post_id, begun, step.due_at, moment, WENT if begun else None))
    stay = Post.objects.filter(id__in=outcome.refused, state=PostState.SCHEDULED, deleted_at__isnull=True)
    due = dict(stay.values_list("id", "due_at"))
    for post_id, why in outcome.refused.items():
        if post_id in due:  # else it went, or was deleted, between the look and the lock
            rows.append(_make_row(crisis, post_id, True, due[post_id], moment, why.problems[0]))
    PausedPost.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["crisis", "post"],
        update_fields=["due_at", "outcome", "problem", "at"],
    )  # fmt: skip
    begun_count = sum(row.outcome == Outcome.BEGUN for row in rows)
    done = Planned(len(rows), begun_count, ())
    write_line(actor, crisis, What.PAUSE, count=len(rows) - begun_count, begun=begun_count)
    audit.record(actor, "crisis.pause", crisis, after={"paused": len(rows) - begun_count, "begun": begun_count})
    return done


def _make_row(
    crisis: Crisis, post_id: UUID, begun: bool, due_at: datetime | None, moment: datetime, problem: Problem | None
) -> PausedPost:
    return PausedPost(
        workspace_id=crisis.workspace_id, crisis=crisis, post_id=post_id, due_at=due_at, at=moment,
        outcome=Outcome.BEGUN if begun else Outcome.OPEN, problem=render_problem(problem) if problem else None,
    )  # fmt: skip
