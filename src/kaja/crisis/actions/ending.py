"""The end: what becomes of each paused post, what was learnt, and what it was about, kept as it is then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.db import transaction

from kaja.crisis.actions.log import What, lock_crisis, write_line
from kaja.crisis.models import AffectedConversation, Crisis, Outcome, PausedPost
from kaja.crisis.queries import filter_affected, is_untouched, list_undecided
from kaja.inbox.forms import clean_text
from kaja.kernel.clock import now
from kaja.kernel.locks import lock
from kaja.kernel.problems import Problem, Refused, gettext_noop
from kaja.kernel.signals import notify_live
from kaja.kernel.tenancy import entered_workspace_id
from kaja.publishing.actions import delete_posts, unschedule_posts
from kaja.publishing.actions.plan import schedule_posts
from kaja.workspaces import audit, policy
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import Workspace

KEPT_MOST = 10_000
"""As many conversations are kept with a crisis that is over, the newest."""
TIME_OVER = Problem(
    code="paused_time_over",
    message=gettext_noop("The time of “%(post)s” has passed, so it needs a new one. Nothing was changed."),
    fix=gettext_noop("Give it a time that is still to come, or keep it paused."),
)

Verdict = Literal["resume", "keep", "delete"]


@dataclass(frozen=True)
class Choice:
    """What becomes of one post; `at` is its new time, without which it keeps its own."""

    verdict: Verdict
    at: datetime | None = None


@dataclass(frozen=True)
class Ending:
    """What becomes of the paused posts: `usual` of those that are not in `own`. With `resume` as the usual, a post
    whose time has passed is kept: nothing is ever sent late by itself."""

    usual: Verdict = "keep"
    own: Mapping[UUID, Choice] = field(default_factory=dict)
    lesson: str = ""


@transaction.atomic
def end_crisis(actor: Actor, crisis_id: UUID, ending: Ending) -> Crisis:
    """The end, and what was chosen for the posts, in one transaction: where one of the choices cannot be, nothing is
    changed, and why is said."""
    policy.require(actor, policy.Permission.MANAGE)
    policy.require(actor, policy.Permission.PUBLISH)
    workspace = lock(Workspace.objects.filter(id=entered_workspace_id())).get()
    crisis = lock_crisis(crisis_id)
    counts = _settle_posts(actor, list_undecided(crisis), ending)
    _keep_affected(crisis)
    moment = now()
    crisis.ended_at, crisis.lesson = moment, clean_text(ending.lesson, 8000).strip()
    crisis.save(update_fields=["ended_at", "lesson"])
    workspace.crisis_at = None
    workspace.save(update_fields=["crisis_at"])
    if counts:
        write_line(actor, crisis, What.POSTS, "", **dict[str, Any](counts))
    write_line(actor, crisis, What.END)
    audit.record(actor, "crisis.end", crisis, after=counts)
    notify_live(workspace.id, "workspace")
    return crisis


def _settle_posts(actor: Actor, rows: Sequence[PausedPost], ending: Ending) -> dict[str, int]:
    moment = now()
    times: dict[UUID, datetime] = {}
    deleted: list[UUID] = []
    kept: list[UUID] = []
    for row in rows:
        if not is_untouched(row):
            row.outcome = Outcome.ELSEWHERE
            continue
        own = ending.own.get(row.post_id)
        choice = own or Choice(ending.usual)
        at = choice.at or row.due_at
        if choice.verdict == "delete":
            row.outcome = Outcome.DELETED
            deleted.append(row.post_id)
        elif choice.verdict == "resume" and at is not None and at > moment:
            row.outcome = Outcome.RESUMED
            times[row.post_id] = at
        elif choice.verdict == "resume" and own is not None:
            raise Refused(replace(TIME_OVER, params={"post": row.post.summary[:60] or "…"}, field=str(row.post_id)))
        else:
            if row.outcome == Outcome.BEGUN:
                kept.append(row.post_id)
            row.outcome = Outcome.KEPT
    refused = {
        **schedule_posts(actor, times),
        **delete_posts(actor, deleted).refused,
        **unschedule_posts(actor, kept).refused,
    }
    if refused:
        problems = [replace(why.problems[0], field=str(post_id)) for post_id, why in refused.items()]
        raise Refused(*problems)
    PausedPost.objects.bulk_update(rows, ["outcome"])
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.outcome] = counts.get(row.outcome, 0) + 1
    return counts


def _keep_affected(crisis: Crisis) -> None:
    """What the filter finds now, as rows: what is written later belongs to no crisis that is over."""
    by_hand = AffectedConversation.objects.filter(crisis=crisis).values("conversation_id")
    found = filter_affected(crisis).exclude(id__in=by_hand).order_by("-last_at", "-id")
    moment = now()
    AffectedConversation.objects.bulk_create(
        (
            AffectedConversation(
                workspace_id=crisis.workspace_id, crisis=crisis, conversation_id=conversation_id, is_in=True, at=moment
            )
            for conversation_id in found.values_list("id", flat=True)[:KEPT_MOST]
        ),
        batch_size=1000,
    )
