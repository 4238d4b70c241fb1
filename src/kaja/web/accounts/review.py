"""After a new password: which factors and tokens stay?

Whoever knew the old password may have added a passkey or a token. A change ends all other sessions and asks about the
rest; a reset ends all of them, and until the question is answered no token works and no passkey signs in by itself.
"""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.signals import password_changed, password_reset
from allauth.mfa.base.internal.flows import delete_and_cleanup
from allauth.mfa.models import Authenticator
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from kaja.api.tokens import list_tokens_of, revoke_token
from kaja.kernel.tenancy import workspace_scope
from kaja.web.flash import flash
from kaja.web.workspace import is_fragment, render_page
from kaja.workspaces.actions.signing_up import set_review
from kaja.workspaces.factors import list_factors
from kaja.workspaces.models import Review, User
from kaja.workspaces.queries import actor_of, list_memberships
from kaja.workspaces.sittings import end_sessions

KINDS = {
    Authenticator.Type.TOTP: gettext_lazy("Authenticator app"),
    Authenticator.Type.WEBAUTHN: gettext_lazy("Passkey or security key"),
    Authenticator.Type.RECOVERY_CODES: gettext_lazy("Recovery codes"),
}
REMOVED = {
    Authenticator.Type.TOTP: "mfa/email/totp_deactivated",
    Authenticator.Type.WEBAUTHN: "mfa/email/webauthn_removed",
}


def _ask(user: User, after: Review) -> None:
    set_review(user, after if list_factors(user) or list_tokens_of(user) else Review.NONE)


def _changed(sender: object, request: HttpRequest, user: User, **extra: object) -> None:
    end_sessions(user, keep=request.session.session_key or "")
    _ask(user, Review.CHANGE)


def _reset(sender: object, request: HttpRequest, user: User, **extra: object) -> None:
    end_sessions(user)
    _ask(user, Review.RESET)
    # Whoever reads the mailbox is no stranger: a new device comes in however many tries strangers have used up.
    request.device_of = user  # type: ignore[attr-defined]


password_changed.connect(_changed, dispatch_uid="kaja.review.change")
password_reset.connect(_reset, dispatch_uid="kaja.review.reset")


def is_work(request: HttpRequest) -> bool:
    """Whether a request is for anything beyond one's own account."""
    return request.path.startswith(("/w/", "/welcome/"))


def asks_now(request: HttpRequest) -> bool:
    """Whether this request can be led to the question: a page, and none on the way to the answer."""
    return request.method == "GET" and not is_fragment(request) and is_work(request)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def review(request: HttpRequest) -> HttpResponse:
    """Each factor and token once: it stays, or it goes. Nothing is chosen beforehand after a reset."""
    assert isinstance(request.user, User)
    user = request.user
    if not user.review:
        return redirect("home")
    factors, tokens = list_factors(user), list_tokens_of(user)
    names = [f"factor-{each.pk}" for each in factors] + [f"token-{each.pk}" for each in tokens]
    answers = {name: request.POST.get(name, "") for name in names}
    missing = request.method == "POST" and any(answer not in {"keep", "remove"} for answer in answers.values())
    if request.method == "POST" and not missing:
        _settle(request, user, answers)
        flash(request, _("Done. What you did not keep no longer opens your account."))
        return redirect("home")
    given = "keep" if user.review == Review.CHANGE and request.method == "GET" else ""
    rows: list[dict[str, Any]] = [
        {"name": f"factor-{each.pk}", "kind": KINDS[each.type], "what": _name(each), "made": each.created_at,
         "used": each.last_used_at}
        for each in factors
    ] + [
        {"name": f"token-{each.pk}", "kind": _("API token"), "what": f"{each.name} ({each.workspace})",
         "made": each.created_at, "used": each.last_used_at}
        for each in tokens
    ]  # fmt: skip
    for row in rows:
        row["answer"] = answers.get(row["name"]) or given
    context = {"rows": rows, "missing": missing, "reset": user.review == Review.RESET}
    return render_page(request, "account/review.html", context, status=422 if missing else 200)


def _name(factor: Authenticator) -> str:
    return str(factor.wrap()) if factor.type == Authenticator.Type.WEBAUTHN else ""


def _settle(request: HttpRequest, user: User, answers: dict[str, str]) -> None:
    for factor in list_factors(user):
        if answers.get(f"factor-{factor.pk}") == "remove":
            delete_and_cleanup(request, factor)
            get_adapter().send_notification_mail(REMOVED[factor.type], user)
    actors = {each.workspace_id: actor_of(each, user) for each in list_memberships(user)}
    for token in list_tokens_of(user):
        if answers.get(f"token-{token.pk}") == "remove" and (own := actors.get(token.workspace_id)):
            with workspace_scope(token.workspace_id):
                revoke_token(own, token.pk)
    set_review(user, Review.NONE)
