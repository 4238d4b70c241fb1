"""Answers, notes and acts: what the box and the menus of messages send."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from pydantic import BaseModel, ConfigDict, Field

from kaja.inbox import actions
from kaja.inbox.acts import do_act
from kaja.inbox.answering import UNDO_SECONDS, check_answer, count_answer
from kaja.inbox.answering import reply as send_reply
from kaja.inbox.answering import take_back as take_reply_back
from kaja.inbox.queries import get_conversation
from kaja.kernel.ids import new_id
from kaja.kernel.problems import Problem, Refused, fill_params, gettext_noop
from kaja.media.item import MediaItem
from kaja.web.inbox.words import ACTS
from kaja.web.inbox.work import UNKNOWN, answered
from kaja.web.kit.json import json_answer, parse_body
from kaja.web.problems import render_problem_json
from kaja.web.workspace import WorkspaceRequest, workspace_view
from kaja.workspaces.policy import Permission

MOST_FILES = 20


class Written(BaseModel):
    """What the box sends. `key` is chosen by the page, so that a second press is the same answer; `seen` is how many
    messages its writer saw, None where they were told that somebody answered meanwhile."""

    model_config = ConfigDict(extra="forbid")
    text: str = Field(default="", max_length=200_000)
    key: UUID = Field(default_factory=new_id)
    to: UUID | None = None
    seen: int | None = None
    language: str | None = Field(default=None, max_length=40)
    media: list[MediaItem] = Field(default_factory=list, max_length=MOST_FILES)


UNREADABLE = Problem(
    code="answer_invalid",
    message=gettext_noop("Kaja could not read what the page sent (%(detail)s). Your words are still here."),
    fix=gettext_noop("Reload the page; what you wrote is kept in this browser."),
)


def _parse(request: HttpRequest) -> Written:
    """From the page's script, or from the form itself. Raises Refused."""
    if request.content_type == "application/json":
        return parse_body(Written, request, UNREADABLE)
    given = request.POST
    try:
        return Written(
            text=given.get("text", "").replace("\r\n", "\n"),
            key=UUID(given.get("id", "")) if given.get("id") else new_id(),
            seen=int(given["seen"]) if given.get("seen", "").isdecimal() else None,
            language=given.get("language"),
        )
    except ValueError as error:
        raise Refused(fill_params(UNREADABLE, detail=str(error)[:200])) from error


@require_POST
@workspace_view(Permission.ANSWER)
def reply(request: WorkspaceRequest, conversation_id: UUID) -> HttpResponse:
    """Answer. It waits some seconds before it goes out, so that it can be taken back."""

    def answer() -> dict[str, Any]:
        written = _parse(request)
        message = send_reply(
            request.actor,
            conversation_id,
            written.text,
            written.media,
            key=written.key,
            to=written.to,
            seen=written.seen,
            language=written.language,
        )
        back = reverse("inbox:take_back", args=[request.workspace.slug, message.id])
        said = _("Your answer goes out in a few seconds.")
        return {"said": said, "quiet": True, "id": str(message.id), "seconds": UNDO_SECONDS, "take_back": back}

    return answered(request, answer)


@require_POST
@workspace_view(Permission.ANSWER)
def note(request: WorkspaceRequest, conversation_id: UUID) -> HttpResponse:
    """Write something for colleagues."""

    def answer() -> dict[str, Any]:
        written = _parse(request)
        message = actions.add_note(request.actor, conversation_id, written.text, new_id=written.key)
        return {"said": _("The note is kept."), "quiet": True, "id": str(message.id)}

    return answered(request, answer)


@require_POST
@workspace_view(Permission.ANSWER)
def take_back(request: WorkspaceRequest, message_id: UUID) -> HttpResponse:
    """Not to send an answer after all."""

    def answer() -> dict[str, Any]:
        message = take_reply_back(request.actor, message_id)
        return {"said": _("Taken back; it was not sent."), "text": message.text}

    return answered(request, answer)


@require_POST
@workspace_view(Permission.ANSWER)
def act(request: WorkspaceRequest, message_id: UUID) -> HttpResponse:
    """Do something on the network to a message or its author."""

    def answer() -> dict[str, Any]:
        wanted = request.POST.get("act", "")
        if wanted not in ACTS:
            raise Refused(UNKNOWN)
        do_act(request.actor, message_id, wanted)
        return {"said": str(ACTS[wanted].done)}

    return answered(request, answer)


class Draft(BaseModel):
    """An answer that is being written."""

    model_config = ConfigDict(extra="forbid")
    text: str = Field(default="", max_length=200_000)
    to: UUID | None = None
    language: str | None = Field(default=None, max_length=40)
    media: list[MediaItem] = Field(default_factory=list, max_length=MOST_FILES)


@require_POST
@workspace_view(Permission.ANSWER)
@json_answer
def check(request: WorkspaceRequest, conversation_id: UUID) -> JsonResponse:
    """How long an answer is in the network's own measure, and what the network has against it."""
    draft = parse_body(Draft, request, UNREADABLE)
    conversation = get_conversation(conversation_id)
    count = count_answer(conversation, draft.text, draft.to)
    found = check_answer(conversation, draft.text, draft.media, draft.to, draft.language) if count is not None else []
    return JsonResponse(
        {
            "used": count.used if count else 0,
            "limit": count.limit if count else 0,
            "unit": _(count.unit) if count and count.unit else "",
            "found": [render_problem_json(problem) for problem in found],
        }
    )
