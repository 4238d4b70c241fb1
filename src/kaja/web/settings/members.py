"""Members: who belongs, as what, and inviting more."""

from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kaja.kernel.clock import now
from kaja.kernel.problems import Refused
from kaja.web.flash import flash
from kaja.web.settings import lists
from kaja.web.settings.forms import InviteForm
from kaja.web.settings.words import ROLE_WORDS, list_roles
from kaja.web.workspace import WorkspaceRequest, add_problems, chosen_id, render_page, workspace_view
from kaja.workspaces import actions
from kaja.workspaces.jobs import mail_invitation
from kaja.workspaces.often import INVITATIONS, count
from kaja.workspaces.policy import Permission

ONLY_HERE = ("localhost", "127.0.0.1", "::1")
"""Hosts of addresses that mean, on every computer, that computer itself."""


def _render(
    request: WorkspaceRequest, form: InviteForm, link: str = "", email: str = "", status: int = 200
) -> HttpResponse:
    here = reverse("settings:members", args=[request.workspace.slug])
    context = {
        "members": lists.MEMBERS.read(request, at=here),
        "invitations": lists.INVITATIONS.read(request, at=here),
        "roles": [(name, ROLE_WORDS[value]) for value, name in list_roles()],
        "form": form,
        "link": link,
        "link_email": email,
        "link_stays_here": urlsplit(settings.BASE_URL).hostname in ONLY_HERE,
        "now": now(),
        "live_page": here,
    }
    return render_page(request, "settings/members.html", context, status=status)


@require_safe
@workspace_view()
def index(request: WorkspaceRequest) -> HttpResponse:
    """Everybody in the workspace, and open invitations."""
    return _render(request, InviteForm())


@require_POST
@workspace_view(Permission.MANAGE)
def invite(request: WorkspaceRequest) -> HttpResponse:
    """Make an invitation; its link is shown this once, and mailed where mail works."""
    form = InviteForm(request.POST)
    if not form.is_valid():
        return _render(request, form, status=422)
    try:
        count(INVITATIONS, request.actor.user_id)
        invitation, token = actions.invite(request.actor, invitation_id=chosen_id(request), **form.cleaned_data)
    except Refused as refused:
        add_problems(form, refused)
        return _render(request, form, status=422)
    link = settings.BASE_URL + reverse("invitation", args=[token])
    if settings.EMAIL_HOST:
        mail_invitation.defer(
            workspace_id=str(request.workspace.id),
            invitation_id=str(invitation.id),
            language=get_language() or "en",
        )
    return _render(request, InviteForm(), link, invitation.email)


@require_POST
@workspace_view(Permission.MANAGE)
def revoke(request: WorkspaceRequest, invitation_id: UUID) -> HttpResponse:
    """Take an invitation back."""
    actions.revoke_invitation(request.actor, invitation_id)
    flash(request, _("The invitation is revoked; its link no longer works."))
    return redirect("settings:members", request.workspace.slug)


@require_POST
@workspace_view(Permission.MANAGE)
def role(request: WorkspaceRequest, member_id: UUID) -> HttpResponse:
    """Give a member another role."""
    member = actions.change_role(request.actor, member_id, request.POST.get("role", ""))
    flash(request, _("%(person)s is now: %(role)s.") % {"person": member.user, "role": member.get_role_display()})
    return redirect("settings:members", request.workspace.slug)


@require_POST
@workspace_view()
def remove(request: WorkspaceRequest, member_id: UUID) -> HttpResponse:
    """Remove a member, or leave."""
    actions.remove_member(request.actor, member_id)
    if member_id == request.member.id:
        flash(request, _("You left %(workspace)s.") % {"workspace": request.workspace})
        return redirect("home")
    flash(request, _("The person is removed. What they wrote stays."))
    return redirect("settings:members", request.workspace.slug)
