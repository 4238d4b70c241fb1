"""Saved replies and saved views: written here, used beside every conversation."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils.translation import get_language, get_language_info, gettext_lazy, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kaja.crisis.queries import list_approved
from kaja.inbox import saved, views
from kaja.inbox.models import SavedReply
from kaja.inbox.queries import get_conversation
from kaja.web.flash import flash
from kaja.web.inbox.address import KEPT, list_address
from kaja.web.kit.json import json_answer
from kaja.web.kit.listing import Empty, Listing
from kaja.web.workspace import WorkspaceRequest, chosen_id, render_page, workspace_view
from kaja.workspaces.policy import Permission

REPLIES: Listing[SavedReply] = Listing(
    "saved-replies",
    lambda asked: saved.list_replies(asked.cursor, asked.limit),
    Empty(
        "bookmark",
        gettext_lazy("No saved reply yet"),
        gettext_lazy("Write an answer here that you give often. In an empty answer, / finds it again."),
    ),
)


def list_languages() -> list[tuple[str, str]]:
    """Codes and names of the languages that a saved reply may have words in."""
    return [(code, get_language_info(code)["name_translated"].capitalize()) for code, _name in settings.LANGUAGES]


@require_safe
@workspace_view()
def index(request: WorkspaceRequest) -> HttpResponse:
    """Both, with forms for those who answer."""
    return render_page(request, "inbox/saved.html", _context(request))


def _context(request: WorkspaceRequest) -> dict[str, Any]:
    at = reverse("inbox:saved", args=[request.workspace.slug])
    mine = [
        {"view": each, "href": list_address(request.workspace.slug, {**each.query, "saved": str(each.id)})}
        for each in views.list_views(request.user.pk)
    ]
    return {
        "replies": REPLIES.read(request, at=at),
        "views": mine,
        "languages": list_languages(),
        "places": [f"{{{place}}}" for place in saved.PLACES],
        "live_page": at,
    }


@require_POST
@workspace_view(Permission.ANSWER)
def save_reply(request: WorkspaceRequest) -> HttpResponse:
    """Make a saved reply, or change the one that `reply` names."""
    texts = {code: request.POST.get(f"text_{code}", "") for code, _name in settings.LANGUAGES}
    given = request.POST.get("reply", "")
    reply_id = _uuid(given)
    saved.save_reply(
        request.actor,
        request.POST.get("title", ""),
        texts,
        reply_id=reply_id,
        new_id=None if given else chosen_id(request),
    )
    flash(request, _("The saved reply is kept."))
    return _back(request)


@require_POST
@workspace_view(Permission.ANSWER)
def delete_reply(request: WorkspaceRequest, saved_reply_id: UUID) -> HttpResponse:
    """Delete one."""
    saved.delete_reply(request.actor, saved_reply_id)
    flash(request, _("The saved reply is deleted."))
    return _back(request)


@require_POST
@workspace_view()
def keep_view(request: WorkspaceRequest) -> HttpResponse:
    """Keep the filters that the list has now (`q_` and their names), and go on with them."""
    query = {name: request.POST.get(f"q_{name}", "") for name in KEPT if name != "saved"}
    everybody = request.POST.get("everybody") == "1"
    view = views.save_view(request.actor, request.POST.get("name", ""), query, everybody=everybody)
    flash(request, _("The view “%(name)s” is kept.") % {"name": view.name})
    return HttpResponseRedirect(list_address(request.workspace.slug, {**view.query, "saved": str(view.id)}))


@require_POST
@workspace_view()
def delete_view(request: WorkspaceRequest, view_id: UUID) -> HttpResponse:
    """Delete one."""
    views.delete_view(request.actor, view_id)
    flash(request, _("The view is deleted."))
    return _back(request)


@require_safe
@workspace_view(Permission.ANSWER)
@json_answer
def for_conversation(request: WorkspaceRequest, conversation_id: UUID) -> JsonResponse:
    """All saved replies with their places filled for a conversation; in a crisis what was approved for it comes
    first. `language` in the address is the answer's."""
    conversation = get_conversation(conversation_id)
    me, language, chosen = str(request.user), get_language() or "en", request.GET.get("language", "")[:40]
    statements = list_approved() if request.workspace.crisis_at else []
    filled = [
        *(
            saved.Filled(
                each.id,
                pgettext("a statement in a crisis", "Approved: %(title)s") % {"title": each.title},
                *saved.fill_texts(each.texts, conversation, me, language, chosen),
            )
            for each in statements
        ),
        *saved.list_filled(conversation, me, language, chosen),
    ]
    names = dict(list_languages())
    told = [
        {
            "id": str(each.id),
            "title": each.title,
            "text": each.text,
            "language": names.get(each.language, each.language),
        }
        for each in filled
    ]
    return JsonResponse({"replies": told})


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _back(request: WorkspaceRequest) -> HttpResponse:
    return HttpResponseRedirect(reverse("inbox:saved", args=[request.workspace.slug]))
