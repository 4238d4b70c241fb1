"""One thing done to one conversation or to many, with the way back."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from kaja.inbox import actions
from kaja.inbox.actions import Done
from kaja.inbox.models import ConversationState, Priority
from kaja.kernel.problems import Problem, Refused, gettext_noop
from kaja.web.dates import write_moment
from kaja.web.flash import Kind, flash
from kaja.web.inbox.due import write_near
from kaja.web.inbox.snoozing import resolve_moment
from kaja.web.kit.json import json_answer
from kaja.web.kit.page import where_from, zone_of
from kaja.web.kit.undo import Data, keep_step, undoes
from kaja.web.workspace import WorkspaceRequest, workspace_view
from kaja.workspaces.policy import Permission

STEP = "inbox"
MOST = 200
"""Conversations of one step."""
UNKNOWN = Problem(
    code="work_unknown",
    message=gettext_noop("Kaja does not know what to do with the conversation."),
    fix=gettext_noop("Load the page again and use its buttons."),
)


def parse_ids(values: Sequence[str]) -> list[UUID]:
    """The ids that a form sends. Raises Refused where there is none, or where one is no id."""
    try:
        ids = list(dict.fromkeys(UUID(value) for value in values[: MOST + 1]))
    except ValueError:
        raise Refused(UNKNOWN) from None
    if not ids or len(ids) > MOST:
        raise Refused(UNKNOWN)
    return ids


@require_POST
@workspace_view(Permission.ANSWER)
def work(request: WorkspaceRequest) -> HttpResponse:
    """Do what the pressed button says (`do`: "state:done", "assign:<person>", "label:<name>" ...)."""
    return answered(request, lambda: _work(request))


def _work(request: WorkspaceRequest) -> dict[str, Any]:
    ids = parse_ids(request.POST.getlist("conversation"))
    verb, _colon, value = request.POST.get("do", "").partition(":")
    done, said = _do(request, ids, parse_seen(request.POST.getlist("seen")), verb, value)
    undo = keep_step(request, STEP, [{"event": str(event)} for event in done.events]) if done.events else ""
    told: dict[str, Any] = {"said": said, "undo": undo, "ids": [str(each) for each in ids]}
    if done.stale:
        left = ngettext(
            "%(count)s of them was changed by somebody else meanwhile and is left as it is.",
            "%(count)s of them were changed by somebody else meanwhile and are left as they are.",
            len(done.stale),
        ) % {"count": len(done.stale)}
        told |= {"said": f"{said} {left}", "kind": "warning"}
    return told


def parse_seen(values: Sequence[str]) -> dict[UUID, int]:
    """Which versions of conversations the page showed ("<id>:<version>"); what cannot be read was not seen."""
    seen: dict[UUID, int] = {}
    for value in values[: MOST + 1]:
        text, _colon, version = value.partition(":")
        if _is_id(text) and version.isdecimal() and len(version) < 10:
            seen[UUID(text)] = int(version)
    return seen


def _do(request: WorkspaceRequest, ids: list[UUID], seen: dict[UUID, int], verb: str, value: str) -> tuple[Done, str]:
    actor, count = request.actor, len(ids)
    match verb:
        case "state" if value in ConversationState.values:
            return actions.set_state(actor, ids, ConversationState(value), seen=seen), _state_words(value, count)
        case "assign":
            whom = request.user.pk if value == "me" else UUID(value) if _is_id(value) else None
            if value and whom is None:
                raise Refused(UNKNOWN)
            return actions.assign(actor, ids, whom, seen=seen), _("Given away.") if whom else _("Given to nobody.")
        case "priority" if value.lstrip("-").isdecimal() and int(value) in Priority.values:
            return actions.set_priority(actor, ids, Priority(int(value)), seen=seen), _("The priority is set.")
        case "label":
            return actions.add_label(actor, ids, value), _("Labelled.")
        case "unlabel":
            return actions.remove_label(actor, ids, value), _("The label is off.")
        case "snooze":
            until = resolve_moment(value, zone_of(request))
            done = actions.snooze(actor, ids, until, seen=seen)
            return done, _("Snoozed until %(moment)s.") % {"moment": write_near(until)} if until else _(
                "Back in the list."
            )
        case "remind":
            at = resolve_moment(value, zone_of(request))
            done = actions.remind(actor, ids, at, seen=seen)
            if at is None:
                return done, _("Nobody is reminded any more.")
            return done, _("You are reminded on %(moment)s, unless they write before.") % {"moment": write_moment(at)}
        case "draft" if not value:
            return actions.propose_draft(actor, ids, None), _("The drafted answer is left out.")
        case _:
            raise Refused(UNKNOWN)


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _state_words(state: str, count: int) -> str:
    match state:
        case ConversationState.DONE:
            return ngettext("%(count)s conversation is done.", "%(count)s conversations are done.", count) % {
                "count": count
            }
        case ConversationState.SPAM:
            return ngettext("%(count)s conversation is spam.", "%(count)s conversations are spam.", count) % {
                "count": count
            }
        case _:
            return _("Open again.")


def answered(request: WorkspaceRequest, do: Callable[[], dict[str, Any]]) -> HttpResponse:
    """What a step answers: JSON with a message for the page's script, else the page again with the message on it."""
    if "application/json" in request.headers.get("Accept", ""):
        return json_answer(lambda _request: _told(request, do()))(request)
    told = do()
    if told.get("said"):
        flash(request, told["said"], told.get("kind", "done"), undo=told.get("undo", ""))
    return HttpResponseRedirect(where_from(request, "inbox:list"))


def _told(request: WorkspaceRequest, told: dict[str, Any]) -> JsonResponse:
    kind: Kind = told.get("kind", "done")
    html = ""
    if told.get("said") and not told.get("quiet"):
        flashes = [{"text": told["said"], "kind": kind, "undo": told.get("undo", "")}]
        html = render_to_string("components/flashes.html", {"flashes": flashes}, request)
    return JsonResponse({**told, "flash": html})


@undoes(STEP)
def undo_step(request: WorkspaceRequest, data: Data) -> tuple[str, Sequence[str]]:
    """Put back what a step changed, as far as nobody changed it since."""
    actions.undo(request.actor, [UUID(each["event"]) for each in data])
    return _("Taken back."), ()
