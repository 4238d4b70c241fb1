"""What belongs to the person: profile, security, API tokens."""

from datetime import timedelta
from uuid import UUID

from allauth.account.decorators import reauthentication_required
from allauth.mfa.models import Authenticator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from kaja.api.tokens import SCOPES, create_token, revoke_token
from kaja.kernel.clock import now
from kaja.kernel.problems import Refused
from kaja.web.flash import flash
from kaja.web.settings.forms import ProfileForm, TokenForm
from kaja.web.settings.lists import TOKENS
from kaja.web.workspace import WorkspaceRequest, add_problems, chosen_id, render_page, workspace_view
from kaja.workspaces.actions import choose_mails, update_profile
from kaja.workspaces.factors import list_factor_kinds
from kaja.workspaces.policy import list_mails_of

SCOPE_WORDS = {
    "view": translation.gettext_lazy("see everything in the workspace"),
    "write": translation.gettext_lazy("write: ideas, drafts, media"),
    "publish": translation.gettext_lazy("publish: schedule, send, settle, edit and delete on networks"),
    "answer": translation.gettext_lazy("answer: the inbox, what is done to messages there"),
    "channels": translation.gettext_lazy("connect and disconnect channels"),
    "manage": translation.gettext_lazy("manage: settings, members, pause everything"),
}


@require_http_methods(["GET", "POST"])
@workspace_view()
def profile(request: WorkspaceRequest) -> HttpResponse:
    """Name, language, theme, e-mails."""
    user = request.user
    initial = {
        "name": user.name,
        "language": user.language,
        "theme": user.theme,
        "mails": list_mails_of(request.member).value,
    }
    form = ProfileForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            mails = form.cleaned_data.pop("mails")
            update_profile(user, **form.cleaned_data)
            if mails:
                choose_mails(request.member, mails)
        except Refused as refused:
            add_problems(form, refused)
        else:
            # Said in the language that was just chosen.
            with translation.override(user.language or request.workspace.language):
                flash(request, _("Your profile is saved."))
            return redirect("settings:profile", request.workspace.slug)
    return render_page(request, "settings/profile.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
@workspace_view()
def security(request: WorkspaceRequest) -> HttpResponse:
    """Password, two-factor sign-in, passkeys, recovery codes: what is set up and where to change it."""
    kinds = list_factor_kinds(request.user)
    context = {
        "totp": Authenticator.Type.TOTP in kinds,
        "passkeys": kinds.count(Authenticator.Type.WEBAUTHN),
        "recovery": Authenticator.Type.RECOVERY_CODES in kinds,
    }
    return render_page(request, "settings/security.html", context)


def makes_token(request: HttpRequest) -> bool:
    """What opens the account to a program asks for the password first; ending that must be quick."""
    return request.method == "POST" and request.POST.get("do") == "create"


@require_http_methods(["GET", "POST"])
@workspace_view()
@reauthentication_required(enabled=makes_token)  # type: ignore[untyped-decorator]  # allauth ships no types
def tokens(request: WorkspaceRequest) -> HttpResponse:
    """API tokens: make one (its secret is shown once), see them, end them."""
    form = TokenForm(request.POST if request.POST.get("do") == "create" else None, initial={"scopes": ["view"]})
    form.fields["scopes"].choices = [  # type: ignore[attr-defined]
        (scope, SCOPE_WORDS.get(scope, scope)) for scope in SCOPES if scope in request.actor.permissions
    ]
    secret = ""
    if request.method == "POST" and request.POST.get("do") == "revoke":
        try:
            token_id = UUID(request.POST.get("token", ""))
        except ValueError:
            raise Http404 from None
        revoked = revoke_token(request.actor, token_id)
        flash(request, _("The token “%(name)s” no longer works.") % {"name": revoked.name})
        return redirect("settings:tokens", request.workspace.slug)
    if request.method == "POST" and form.is_valid():
        days = form.cleaned_data["days"]
        expires = now() + timedelta(days=int(days)) if days else None
        try:
            name, scopes = form.cleaned_data["name"], form.cleaned_data["scopes"]
            secret = create_token(request.actor, name, scopes, expires, chosen_id(request))[1]
        except Refused as refused:
            add_problems(form, refused)
    context = {"form": form, "secret": secret, "tokens": TOKENS.read(request), "now": now()}
    return render_page(request, "settings/tokens.html", context, status=422 if form.errors else 200)
