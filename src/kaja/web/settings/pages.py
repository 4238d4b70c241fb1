"""The workspace's own settings, the big switch, and the audit log."""

from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kaja.delivery.actions import pause_workspace, resume_workspace, tell_again
from kaja.hooks.queries import list_standings
from kaja.kernel.problems import Refused
from kaja.networks.registry import CONNECTORS
from kaja.reach.looking import look
from kaja.reach.queries import get_reach
from kaja.web.flash import flash
from kaja.web.settings.forms import SettingsForm
from kaja.web.settings.lists import AUDIT, LOOPS, UNTOLD
from kaja.web.workspace import WorkspaceRequest, add_problems, render_page, workspace_view
from kaja.workspaces import actions
from kaja.workspaces.policy import Permission, can, require
from kaja.workspaces.wording import name_in_language


@require_http_methods(["GET", "POST"])
@workspace_view()
def workspace(request: WorkspaceRequest) -> HttpResponse:
    """Name, zone, language, late limit; read-only for those who do not manage."""
    here = request.workspace
    initial = {
        "name": here.name,
        "time_zone": here.time_zone,
        "language": here.language,
        "late_limit_minutes": here.late_limit_minutes,
        "date_style": here.date_style,
        "week_start": here.week_start,
    }
    form = SettingsForm(request.POST or None, initial=initial)
    if not can(request.actor, Permission.MANAGE):
        for field in form.fields.values():
            field.disabled = True
    if request.method == "POST":
        require(request.actor, Permission.MANAGE)
    if request.method == "POST" and form.is_valid():
        try:
            actions.update_workspace(request.actor, **form.cleaned_data)
        except Refused as refused:
            add_problems(form, refused)
        else:
            flash(request, _("The settings are saved."))
            return redirect("settings:workspace", here.slug)
    return render_page(request, "settings/workspace.html", {"form": form}, status=422 if form.errors else 200)


@require_POST
@workspace_view(Permission.MANAGE)
def pause(request: WorkspaceRequest) -> HttpResponse:
    """Stop everything."""
    pause_workspace(request.actor)
    flash(request, _("Everything is paused. What is being sent at this moment may still arrive."), "warning")
    return redirect("settings:workspace", request.workspace.slug)


@require_POST
@workspace_view(Permission.MANAGE)
def resume(request: WorkspaceRequest) -> HttpResponse:
    """Go on."""
    resume_workspace(request.actor)
    flash(request, _("Sending goes on. Posts that are later than the late limit wait on “Needs you”."))
    return redirect("settings:workspace", request.workspace.slug)


@require_safe
@workspace_view(Permission.MANAGE)
def audit(request: WorkspaceRequest) -> HttpResponse:
    """Who did what, newest first, in pages that stay right while entries are added."""
    return render_page(request, "settings/audit.html", {"shown": AUDIT.read(request)})


@require_safe
@workspace_view(Permission.MANAGE)
def running(request: WorkspaceRequest) -> HttpResponse:
    """How the loops of the installation's processes fare, whether networks reach it and what they told, and what could
    not be told in this workspace."""
    reach = get_reach()
    _kind, _colon, told_by = (reach.proof.by if reach.proof else "").partition(":")
    connector = CONNECTORS.get(told_by)
    context = {
        "loops": LOOPS.read(request),
        "untold": UNTOLD.read(request),
        "hooks": list_standings(),
        "reach": reach,
        "proved_by": name_in_language(connector.info.name) if connector else told_by,
        "address": settings.BASE_URL,
    }
    return render_page(request, "settings/running.html", context)


@require_POST
@workspace_view(Permission.MANAGE, scoped=False)
def look_now(request: WorkspaceRequest) -> HttpResponse:
    """Look from this machine whether the address leads here. Outside the scope: it waits for an answer."""
    look()
    flash(request, _("Kaja looked at its own address; the result is below."))
    return redirect("settings:running", request.workspace.slug)


@require_POST
@workspace_view(Permission.MANAGE)
def tell(request: WorkspaceRequest, untold_id: UUID) -> HttpResponse:
    """Tell once more what could not be told."""
    tell_again(request.actor, untold_id)
    flash(request, _("It is told again within seconds. If Kaja breaks at it once more, it comes back to this page."))
    return redirect("settings:running", request.workspace.slug)
