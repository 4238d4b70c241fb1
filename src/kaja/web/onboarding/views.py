"""From nothing to the first post: every page leads to the next."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kaja.channels.actions import connect_channel
from kaja.kernel.problems import Refused
from kaja.networks.registry import CONNECTORS
from kaja.web.flash import flash, flash_refusal
from kaja.web.frame.navigation import COMPOSE
from kaja.web.frame.views import LAST_WORKSPACE
from kaja.web.kit.page import address
from kaja.web.onboarding.forms import WorkspaceForm
from kaja.web.workspace import WorkspaceRequest, add_problems, chosen_id, render_page, workspace_view
from kaja.workspaces.actions import create_workspace, hide_first_steps
from kaja.workspaces.models import User
from kaja.workspaces.policy import Permission
from kaja.workspaces.queries import can_make_workspaces, list_workspaces_of


@login_required
@require_http_methods(["GET", "POST"])
def workspace(request: HttpRequest) -> HttpResponse:
    """Make a workspace: the first, or one more."""
    assert isinstance(request.user, User)
    first = not list_workspaces_of(request.user)
    if not can_make_workspaces(request.user):
        if first:
            return render_page(request, "onboarding/no_workspace.html", status=403)
        raise PermissionDenied
    form = WorkspaceForm(request.POST or None, initial={"language": get_language()})
    if request.method == "POST" and form.is_valid():
        try:
            made = create_workspace(request.user, workspace_id=chosen_id(request), **form.cleaned_data)
        except Refused as refused:
            add_problems(form, refused)
        else:
            request.session[LAST_WORKSPACE] = made.slug
            return redirect("onboarding:channel", made.slug)
    return render_page(request, "onboarding/workspace.html", {"form": form, "first": first})


@require_safe
@workspace_view(Permission.CHANNELS)
def channel(request: WorkspaceRequest) -> HttpResponse:
    """Connect a first channel: practice in one press, or a real network."""
    networks = [connector.info for connector in CONNECTORS.values() if not connector.info.practice]
    ours = next((key for key, connector in CONNECTORS.items() if connector.info.practice), "")
    shown = {"workspace": request.workspace, "networks": networks, "practice": ours}
    return render_page(request, "onboarding/channel.html", shown)


@require_POST
@workspace_view(Permission.CHANNELS, scoped=False)
def practice(request: WorkspaceRequest) -> HttpResponse:
    """Connect the practice network, whose form has a default for everything, and go on to the first post."""
    slug = request.workspace.slug
    connector = next((c for c in CONNECTORS.values() if c.info.practice), None)
    if connector is None:
        flash(request, _("This Kaja runs without the practice network. Connect a real channel instead."), "warning")
        return redirect("onboarding:channel", slug)
    form = {field.name: field.default for field in connector.info.form}
    form["name"], form["base_url"] = request.workspace.name, settings.PRACTICE_URL
    try:
        try:
            connected = connect_channel(request.actor, request.workspace, connector.info.key, form)
        except Refused as refused:
            if refused.problems[0].code != "practice_taken":
                raise
            # Another workspace of this Kaja has the same name; the address of a workspace is its own.
            form["name"] = f"{request.workspace.name[:30]} ({slug[:26]})"
            connected = connect_channel(request.actor, request.workspace, connector.info.key, form)
    except Refused as refused:
        flash_refusal(request, refused)
        return redirect("onboarding:channel", slug)
    flash(
        request,
        _("The practice channel %(name)s is connected. Write your first post.") % {"name": connected},
        link=reverse("channels:page", args=[slug, connected.id]),
        word=_("See the channel"),
    )
    return redirect(address(COMPOSE, slug) or reverse("workspace", args=[slug]))


@require_safe
@workspace_view()
def steps(request: WorkspaceRequest) -> HttpResponse:
    """What is left of the first steps."""
    return render_page(request, "onboarding/steps_page.html")


@require_POST
@workspace_view()
def hide_steps(request: WorkspaceRequest) -> HttpResponse:
    """Put the list of first steps away."""
    hide_first_steps(request.member)
    return redirect("workspace", request.workspace.slug)
