"""One step for many posts, and taking a step back."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import JsonResponse
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from kaja.content import actions
from kaja.content.models import Post
from kaja.content.queries import list_chosen
from kaja.content.snapshot import Groups
from kaja.kernel.problems import NotFound, Problem, Refused, gettext_noop
from kaja.publishing import actions as publishing
from kaja.web.calendar.answers import answer_step, conflict_words, refusal_words
from kaja.web.calendar.payload import Bulk, parse_bulk
from kaja.web.calendar.steps import parse_plan, render_plan
from kaja.web.kit.json import json_answer
from kaja.web.kit.page import zone_of
from kaja.web.kit.undo import undoes
from kaja.web.workspace import WorkspaceRequest, workspace_view
from kaja.workspaces.policy import Permission


def _moved(count: int) -> str:
    return ngettext("%(count)s post moved.", "%(count)s posts moved.", count) % {"count": count}


def _move(request: WorkspaceRequest, bulk: Bulk, posts: Sequence[Post], zone: ZoneInfo) -> JsonResponse:
    if bulk.do == "slots":
        outcome = publishing.move_into_slots(request.actor, posts, zone)
    else:
        day = bulk.day if bulk.do == "day" else None
        outcome = publishing.shift_posts(request.actor, posts, zone, days=bulk.days, day=day)
    notes = refusal_words(outcome.refused) + conflict_words([step.post_id for step in outcome.steps])
    return answer_step(
        request, _moved(len(outcome.steps)), "plan", [render_plan(step) for step in outcome.steps], notes
    )


def _regroup(request: WorkspaceRequest, bulk: Bulk, posts: Sequence[Post]) -> JsonResponse:
    """Campaign or labels of many; the undo gives each back what it had."""
    name = " ".join(bulk.label.split())
    if bulk.do != "campaign" and not name:
        raise Refused(
            Problem(
                "name_invalid",
                gettext_noop("The label has no name yet."),
                field="label",
                fix=gettext_noop("Write one."),
            )
        )
    ids = [post.id for post in posts]
    if bulk.do == "campaign":
        had, refused = actions.regroup(request.actor, ids, campaign=bulk.campaign)
    elif bulk.do == "label":
        had, refused = actions.regroup(request.actor, ids, add=name)
    else:
        had, refused = actions.regroup(request.actor, ids, remove=name)
    before = [
        {"post": str(each), "labels": list(had[each].labels), "campaign": str(had[each].campaign or "") or None}
        for each in ids
        if each in had
    ]
    said = ngettext("%(count)s post changed.", "%(count)s posts changed.", len(before)) % {"count": len(before)}
    return answer_step(request, said, "groups", before, refusal_words(refused))


def _publish(request: WorkspaceRequest, posts: Sequence[Post]) -> JsonResponse:
    """At once. What is out cannot be taken back, so there is no undo."""
    refused = publishing.publish_posts(request.actor, [post.id for post in posts]).refused
    count = len(posts) - len(refused)
    said = ngettext("%(count)s post is on its way.", "%(count)s posts are on their way.", count) % {"count": count}
    return answer_step(request, said, "", [], refusal_words(refused))


@require_POST
@workspace_view(Permission.WRITE)
@json_answer
def bulk(request: WorkspaceRequest) -> JsonResponse:
    """Do one thing to many posts. What could not be done is said post by post; the rest can be undone."""
    asked = parse_bulk(request)
    zone = zone_of(request)
    posts = list_chosen(asked.posts)
    if len(posts) != len(set(asked.posts)):
        raise NotFound(
            Problem(
                "post_not_found",
                gettext_noop("Some of the chosen posts are not here any more. Nothing was changed."),
                fix=gettext_noop("Load the page again and choose again."),
            )
        )
    if asked.do in ("shift", "day", "slots"):
        return _move(request, asked, posts, zone)
    if asked.do in ("campaign", "label", "unlabel"):
        return _regroup(request, asked, posts)
    if asked.do == "publish":
        return _publish(request, posts)
    ids = [post.id for post in posts]
    if asked.do == "unschedule":
        outcome = publishing.unschedule_posts(request.actor, ids)
        outcome.steps = [step for step in outcome.steps if step.state != step.became_state]
        words = ngettext("%(count)s post unscheduled.", "%(count)s posts unscheduled.", len(outcome.steps))
        kind = "plan"
    else:
        outcome = publishing.delete_posts(request.actor, ids)
        words = ngettext("%(count)s post is in the bin.", "%(count)s posts are in the bin.", len(outcome.steps))
        kind = "delete"
    said = words % {"count": len(outcome.steps)}
    return answer_step(
        request, said, kind, [render_plan(step) for step in outcome.steps], refusal_words(outcome.refused)
    )


@undoes("plan")
def _undo_plan(request: WorkspaceRequest, data: list[dict[str, Any]]) -> tuple[str, list[str]]:
    outcome = publishing.take_back_plans(request.actor, [parse_plan(each) for each in data])
    count = len(outcome.steps)
    said = ngettext("%(count)s post is back where it was.", "%(count)s posts are back where they were.", count)
    return said % {"count": count}, refusal_words(outcome.refused)


@undoes("delete")
def _undo_delete(request: WorkspaceRequest, data: list[dict[str, Any]]) -> tuple[str, list[str]]:
    steps = [parse_plan(each) for each in data]
    outcome = publishing.restore_posts(request.actor, steps)
    count = len(outcome.steps)
    said = ngettext("%(count)s post is back.", "%(count)s posts are back.", count) % {"count": count}
    drafts = {step.post_id for step in outcome.steps} & outcome.refused.keys()
    notes = []
    if drafts:
        notes.append(
            ngettext(
                "%(count)s of them is a draft now, because it could not be scheduled again.",
                "%(count)s of them are drafts now, because they could not be scheduled again.",
                len(drafts),
            )
            % {"count": len(drafts)}
        )
    return said, notes + refusal_words({k: v for k, v in outcome.refused.items() if k not in drafts})


@undoes("groups")
def _undo_groups(request: WorkspaceRequest, data: list[dict[str, Any]]) -> tuple[str, list[str]]:
    wanted = {
        UUID(each["post"]): Groups(UUID(each["campaign"]) if each["campaign"] else None, tuple(each["labels"]))
        for each in data
    }
    refused = actions.put_groups_back(request.actor, wanted)
    count = len(wanted) - len(refused)
    said = ngettext("%(count)s post is as it was.", "%(count)s posts are as they were.", count) % {"count": count}
    return said, refusal_words(refused)
