"""Every page of a workspace goes through here: who asks, whether they belong, in which zone and language they read."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.auth.views import redirect_to_login
from django.db import DataError, IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from kaja.kernel.constraints import parse_met_another, parse_not_storable
from kaja.kernel.problems import Refused
from kaja.kernel.tenancy import run_in_workspace, workspace_scope
from kaja.web.dates import written_as
from kaja.web.flash import count_unsaid, pending, unsay
from kaja.web.problems import problem_line, render_problem_json
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import Member, User, Workspace
from kaja.workspaces.once import parse_id
from kaja.workspaces.policy import Permission, require
from kaja.workspaces.queries import actor_of, list_memberships

P = ParamSpec("P")


class WorkspaceRequest(HttpRequest):
    """A request inside a workspace: what `workspace_view` puts on it."""

    user: User
    workspace: Workspace
    member: Member
    memberships: list[Member]
    actor: Actor
    workspaces: list[Workspace]
    asked_at: float


View = Callable[Concatenate[WorkspaceRequest, P], HttpResponse]


def workspace_view(
    permission: Permission = Permission.VIEW, *, scoped: bool = True
) -> Callable[[View[P]], Callable[..., HttpResponseBase]]:
    """Make a view a page of the workspace `slug` (its first URL argument; the view does not receive it).

    Anonymous people are sent to sign in; people who do not belong get the same 404 as for an address that does not
    exist. The whole request runs in one workspace scope, so one transaction; a `Refused` rolls it back and becomes a
    page. With `scoped=False` the view enters the scope itself, because it talks to a network in between.
    """

    def decorate(view: View[P]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def page(request: WorkspaceRequest, slug: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return sign_in_first(request)
            enter(request, slug)
            language = request.user.language or request.workspace.language
            zone = ZoneInfo(request.workspace.time_zone)
            with timezone.override(zone), translation.override(language), written_as(request.workspace):
                try:
                    if not scoped:
                        require(request.actor, permission)
                        return view(request, *args, **kwargs)

                    def answer() -> HttpResponse:
                        require(request.actor, permission)
                        return view(request, *args, **kwargs)

                    said = count_unsaid(request)
                    return run_in_workspace(request.workspace.id, answer, lambda: unsay(request, said))
                except Refused as refused:
                    return refused_response(request, refused)
                except IntegrityError as error:
                    if (met := parse_met_another(error)) is None:
                        raise
                    return refused_response(request, met)
                except (DataError, ValueError, OverflowError) as error:
                    if (refusal := parse_not_storable(error)) is None:
                        raise
                    return refused_response(request, refusal)

        return page

    return decorate


def enter(request: WorkspaceRequest, slug: str) -> None:
    """Find the membership and put workspace, member and actor on the request; 404 for everybody else."""
    request.asked_at = time.time()  # before anything is read: what happens from now on, the page may not show
    request.memberships = list_memberships(request.user)
    member = next((each for each in request.memberships if each.workspace.slug == slug), None)
    if member is None:
        raise Http404
    request.workspace, request.member = member.workspace, member
    request.actor = actor_of(member, request.user)


def sign_in_first(request: HttpRequest) -> HttpResponse:
    """Send to the sign-in page and back; a fragment asks the browser to load the whole page."""
    if is_fragment(request):
        response = HttpResponse(status=204)
        response["HX-Refresh"] = "true"
        return response
    return redirect_to_login(request.get_full_path())


def refused_response(request: WorkspaceRequest, refused: Refused) -> HttpResponse:
    """What an action refused, as a page in the frame, or as messages for a fragment. Nothing was changed."""
    status = refused.status
    context: dict[str, Any] = {"problems": refused.problems, "status": status}
    if is_fragment(request):
        # Into the page's messages, wherever the fragment was meant to go: what is on the page stays as it is.
        said = [{"text": problem_line(problem), "kind": "needs"} for problem in refused.problems]
        response = HttpResponse(render_to_string("components/flashes.html", {"flashes": said}, request), status=status)
        response["HX-Retarget"], response["HX-Reswap"] = "#flashes", "beforeend"
        return response
    if "application/json" in request.headers.get("Accept", ""):
        # A page's script asked: it says why, in these words, and what was typed stays where it is.
        said_why = {"problems": [render_problem_json(problem) for problem in refused.problems]}
        return JsonResponse(said_why, status=status, headers={"Cache-Control": "no-store"})
    # The address may only take forms; what is live on this page stands on any other.
    context["live_page"] = reverse("needs_you:list", args=[request.workspace.slug])
    with workspace_scope(request.workspace.id):
        return render_page(request, "frame/refused.html", context, status=status)


def is_fragment(request: HttpRequest) -> bool:
    """Whether a part of a page is asked for. htmx says "full" when it will pick the part out of a page by itself."""
    return request.headers.get("HX-Request-Type") == "partial"


def render_page(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """A whole page, rendered at once (inside the scope), so that nothing is read later."""
    response = HttpResponse(render_to_string(template, context or {}, request), status=status)
    # A page of a workspace is for this person and this moment.
    response["Cache-Control"] = "no-store" if request.user.is_authenticated else "no-cache"
    response["Vary"] = "HX-Request-Type, Cookie"
    return response


def render_fragment(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """A part of a page for htmx. Messages that wait are added to the page's messages out of band."""
    html = render_to_string(template, context or {}, request)
    if shown := pending(request):
        html += render_to_string("components/flashes_oob.html", {"flashes": shown}, request)
    response = HttpResponse(html, status=status)
    response["Cache-Control"] = "no-store"
    response["Vary"] = "HX-Request-Type, Cookie"
    return response


def chosen_id(request: HttpRequest) -> UUID | None:
    """The id that the page chose for what its form makes (`{% chosen_id %}`). Raises Refused."""
    return parse_id(request.POST.get("id", ""))


def add_problems(form: Any, refused: Refused, fields: dict[str, str] | None = None) -> None:
    """Put an action's problems onto a form: at the field that they name (`fields` maps other names), else on top.

    Of a place within something (`when.words.3`) the last name counts.
    """
    for problem in refused.problems:
        place = [step for step in problem.field.split(".") if not step.isdigit()]
        name = place[-1] if place else ""
        name = (fields or {}).get(name, name)
        form.add_error(name if name in form.fields else None, problem_line(problem))
