"""Taking an invitation."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from kaja.web.accounts.adapter import INVITATION
from kaja.web.flash import flash, flash_refusal
from kaja.web.frame.views import home
from kaja.web.workspace import render_page
from kaja.workspaces.actions import accept_invitation
from kaja.workspaces.errors import Refused
from kaja.workspaces.queries import get_open_invitation


@never_cache
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """What the link of an invitation opens: whose it is, then joining by one press (or after signing in or up)."""
    found = get_open_invitation(token)
    if found is None:
        return render_page(request, "account/invitation_closed.html", status=404)
    if not request.user.is_authenticated:
        # Kept for the sign-up page, which is closed to everybody else.
        request.session[INVITATION] = token
        return render_page(request, "account/invitation.html", {"invitation": found})
    if request.method == "POST":
        try:
            accept_invitation(request.user, token)
        except Refused as refused:
            flash_refusal(request, refused)
            return redirect("home")
        request.session.pop(INVITATION, None)
        flash(request, _("Welcome to %(workspace)s.") % {"workspace": found.workspace.name})
        return redirect("workspace", found.workspace.slug)
    return render_page(request, "account/invitation.html", {"invitation": found})


@never_cache
def lead_on(request: HttpRequest, key: str = "") -> HttpResponse:
    """For addresses that have no page in Kaja: whatever they carry, nothing is done; the front door knows the way."""
    return home(request)
