"""The conversations that it is about: by a filter, and by hand."""

from datetime import datetime
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kaja.crisis.actions import add_conversation, choose_affected, remove_conversation
from kaja.crisis.models import Crisis
from kaja.crisis.queries import Affected, count_figures, get_crisis
from kaja.kernel.times import resolve_local, wall_of
from kaja.publishing.choices import list_choices
from kaja.web.crisis.forms import AffectedFields
from kaja.web.crisis.lists import TALKS
from kaja.web.crisis.views import about
from kaja.web.flash import flash
from kaja.web.kit.page import where_from, zone_of
from kaja.web.workspace import WorkspaceRequest, render_page, workspace_view
from kaja.workspaces.once import parse_id
from kaja.workspaces.policy import Permission


@require_safe
@workspace_view()
def page(request: WorkspaceRequest, crisis_id: UUID) -> HttpResponse:
    """What is collected, and how."""
    crisis = get_crisis(crisis_id)
    return _show(request, crisis, AffectedFields(None, list_choices(), crisis), 200)


def _show(request: WorkspaceRequest, crisis: Crisis, form: AffectedFields, status: int) -> HttpResponse:
    at = reverse("crisis:conversations", args=[request.workspace.slug, crisis.id])
    context = {
        **about(request, crisis, "conversations"),
        "form": form,
        "since": form["since"].value() or wall_of(_since_of(crisis), zone_of(request)).strftime("%Y-%m-%dT%H:%M"),
        "figures": count_figures(crisis),
        "shown": TALKS.read(request, at=at, crisis=crisis),
        "live_page": at,
    }
    return render_page(request, "crisis/conversations.html", context, status=status)


def _since_of(crisis: Crisis) -> datetime:
    return Affected.model_validate(crisis.affected).since if crisis.affected else crisis.began_at


@require_POST
@workspace_view(Permission.ANSWER)
def choose(request: WorkspaceRequest, crisis_id: UUID) -> HttpResponse:
    """The filter, from now on."""
    crisis = get_crisis(crisis_id)
    form = AffectedFields(request.POST, list_choices(), crisis)
    if not form.is_valid():
        return _show(request, crisis, form, 422)
    given = form.cleaned_data
    wanted = None
    if given["on"] == "filter":
        wanted = Affected(
            since=_parse_since(request, given["since"], crisis),
            channels=tuple(UUID(each) for each in given["channels"]),
            words=tuple(given["words"]),
        )
    choose_affected(request.actor, crisis_id, wanted)
    flash(request, _("It is collected like this from now on."))
    return HttpResponseRedirect(reverse("crisis:conversations", args=[request.workspace.slug, crisis_id]))


def _parse_since(request: WorkspaceRequest, text: str, crisis: Crisis) -> datetime:
    """A wall-clock time of the workspace; what cannot be read is the beginning."""
    try:
        return resolve_local(datetime.fromisoformat(text).replace(tzinfo=None), zone_of(request)).instant
    except (ValueError, OverflowError):
        return crisis.began_at


@require_POST
@workspace_view(Permission.ANSWER)
def put(request: WorkspaceRequest, crisis_id: UUID) -> HttpResponse:
    """Add one conversation by hand, or take it out (`do`)."""
    conversation_id = parse_id(request.POST.get("conversation", ""))
    if conversation_id is not None:
        if request.POST.get("do") == "remove":
            remove_conversation(request.actor, crisis_id, conversation_id)
            flash(request, _("The conversation is taken out of the crisis."))
        else:
            add_conversation(request.actor, crisis_id, conversation_id)
            flash(request, _("The conversation belongs to the crisis."))
    return HttpResponseRedirect(where_from(request, "crisis:now"))
