"""Taking an invitation, proving an address."""

from zoneinfo import ZoneInfo

from allauth.account.forms import default_token_generator
from allauth.account.internal.stagekit import unstash_login
from allauth.account.models import get_emailconfirmation_model
from allauth.account.utils import user_pk_to_url_str
from allauth.account.views import confirm_email, email_verification_sent
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from kaja.kernel.problems import Refused
from kaja.web.accounts.adapter import INVITATION, MAILED
from kaja.web.flash import flash, flash_refusal
from kaja.web.frame.views import home
from kaja.web.workspace import render_page
from kaja.workspaces.actions import accept_invitation
from kaja.workspaces.actions.signing_up import forget_password
from kaja.workspaces.factors import is_proven
from kaja.workspaces.models import Invitation, User
from kaja.workspaces.queries import get_open_invitation, render_mail_proof


@never_cache
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """What the link of an invitation opens: whose it is, then joining by one press (or after signing in or up)."""
    found = get_open_invitation(token)
    if found is None:
        return render_page(request, "account/invitation_closed.html", status=404)
    if constant_time_compare(request.GET.get("proof", ""), render_mail_proof(found.id)):
        request.session[MAILED] = str(found.id)
    if not request.user.is_authenticated:
        # Kept for the sign-up page, which is closed to everybody else.
        request.session[INVITATION] = token
        return _show(request, found)
    if request.method == "POST":
        try:
            accept_invitation(request.user, token)
        except Refused as refused:
            flash_refusal(request, refused)
            return redirect("home")
        request.session.pop(INVITATION, None)
        flash(request, _("Welcome to %(workspace)s.") % {"workspace": found.workspace.name})
        return redirect("workspace", found.workspace.slug)
    return _show(request, found)


def _show(request: HttpRequest, found: Invitation) -> HttpResponse:
    # Days are told as the workspace writes them, and in its zone.
    with timezone.override(ZoneInfo(found.workspace.time_zone)):
        context = {"invitation": found, "zone": found.workspace.time_zone.replace("_", " ")}
        return render_page(request, "account/invitation.html", context)


@never_cache
def proof_sent(request: HttpRequest) -> HttpResponseBase:
    """Check your mailbox: only where addresses are proven by mail."""
    if settings.ACCOUNT_EMAIL_VERIFICATION != "mandatory":
        return home(request)
    response: HttpResponseBase = email_verification_sent(request)
    return response


@never_cache
def prove(request: HttpRequest, key: str) -> HttpResponseBase:
    """The link of such a mail."""
    if settings.ACCOUNT_EMAIL_VERIFICATION != "mandatory":
        return home(request)
    user = _find_made_elsewhere(request, key) if request.method == "POST" else None
    if user is not None:
        forget_password(user)
    response: HttpResponseBase = confirm_email(request, key=key)
    if user is None or not is_proven(user):
        return response
    # Whoever reads the mailbox may choose the password, as after a forgotten one.
    about, token = str(user_pk_to_url_str(user)), str(default_token_generator.make_token(user))
    return redirect("account_reset_password_from_key", uidb36=about, key=token)


def _find_made_elsewhere(request: HttpRequest, key: str) -> User | None:
    """Whose new account this link proves, when another browser made it.

    That may have been anybody who got hold of an invitation, with a password of their own: it must not open what the
    owner of the mailbox then proves.
    """
    confirmation = get_emailconfirmation_model().from_key(key)
    if confirmation is None:
        return None
    user: User = confirmation.email_address.user
    login = unstash_login(request, peek=True)
    made_here = login is not None and login.user is not None and login.user.pk == user.pk
    return None if made_here or user.last_login is not None else user


@never_cache
def lead_on(request: HttpRequest, key: str = "") -> HttpResponse:
    """For addresses that have no page in Kaja: whatever they carry, nothing is done; the front door knows the way."""
    return home(request)
