"""The front door, the palette, the living page of components, and the pages of errors."""

import os

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.csrf import requires_csrf_token
from django.views.decorators.http import require_safe

from kaja.web.frame.palette import find
from kaja.web.frame.specimens import specimens
from kaja.web.kit.page import address
from kaja.web.workspace import WorkspaceRequest, render_fragment, render_page, workspace_view
from kaja.workspaces.models import User, Workspace
from kaja.workspaces.queries import has_people, list_workspaces_of

LAST_WORKSPACE = "last_workspace"


def home(request: HttpRequest) -> HttpResponse:
    """Where a person goes on: the first visit, signing in, or the workspace they were in last."""
    if not request.user.is_authenticated:
        first_visit = not has_people()
        return redirect("account_signup" if first_visit else "account_login")
    chosen = find_last_workspace(request)
    return redirect("workspace", chosen.slug) if chosen else redirect("onboarding:workspace")


def find_last_workspace(request: HttpRequest) -> Workspace | None:
    """The workspace in which the signed-in person was last, else the first of theirs; None without any."""
    assert isinstance(request.user, User)
    found = list_workspaces_of(request.user)
    last = request.session.get(LAST_WORKSPACE)
    return next((workspace for workspace in found if workspace.slug == last), found[0] if found else None)


@require_safe
@workspace_view()
def workspace_home(request: WorkspaceRequest) -> HttpResponse:
    """A workspace's own address leads to its plan."""
    request.session[LAST_WORKSPACE] = request.workspace.slug
    slug = request.workspace.slug
    return redirect(address("calendar:index", slug) or reverse("channels:list", args=[slug]))


@require_safe
@workspace_view()
def counts(request: WorkspaceRequest) -> HttpResponse:
    """How much waits beside the names of places. Nothing else of a page is worth asking for whenever it changes; what
    waits to be said is left to one that a person looks at."""
    html = render_to_string("frame/counts.html", {"on_both": (False, True)}, request)
    return HttpResponse(html, headers={"Cache-Control": "no-store"})


@require_safe
@workspace_view()
def palette(request: WorkspaceRequest) -> HttpResponse:
    """What the palette lists for `q`."""
    query = request.GET.get("q", "")
    return render_fragment(request, "frame/palette.html", {"groups": find(request, query), "query": query})


def ui(request: HttpRequest) -> HttpResponseBase:
    """Every component in all its states; for those who work on Kaja."""
    allowed = settings.DEBUG or os.environ.get("KAJA_UI_PAGE") == "1" or getattr(request.user, "is_staff", False)
    if not allowed:
        raise Http404
    return render_page(request, "frame/ui.html", specimens())


def _error(request: HttpRequest, status: int) -> HttpResponse:
    # Errors may come before any middleware ran, or because the database is gone: nothing here asks it.
    html = render_to_string(f"errors/{status}.html", {"bare": True}, None)
    return HttpResponse(html, status=status)


def show_bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _error(request, 400)


@requires_csrf_token
def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _error(request, 403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form was older than the session, or came from elsewhere."""
    return HttpResponse(render_to_string("errors/403_csrf.html", {"bare": True}, None), status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _error(request, 404)
