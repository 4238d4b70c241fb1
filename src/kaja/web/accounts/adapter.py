"""Who may make an account, who may try to sign in, and what allauth asks on the way."""

import logging
from ipaddress import ip_address
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.webauthn.internal.flows import did_use_passwordless_login
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from kaja.kernel.codes import FIRST_ACCOUNT, is_same_code, make_code
from kaja.kernel.limits import Limit, caller_of, take
from kaja.web.accounts.limits import PROOF_MAILS, of_password, take_back, try_once
from kaja.web.flash import flash
from kaja.workspaces.models import Review, User
from kaja.workspaces.queries import get_open_invitation, has_people

log = logging.getLogger("kaja.accounts")
INVITATION = "invitation"
FIRST = "first_account"
MAILED = "invitation_mailed"
FIRST_CODES = (Limit("first code: caller", 10, 600), Limit("first code: all", 30, 600))


def first_link() -> str:
    """Where the first account is made, with the code that opens the page."""
    code = make_code(settings.SECRET_KEY, FIRST_ACCOUNT)
    return f"{settings.BASE_URL}{reverse('account_signup')}?code={code}"


def has_first_code(request: HttpRequest) -> bool:
    """Whether whoever asks has brought the code that was printed where Kaja was started; remembered once it was."""
    if request.session.get(FIRST):
        return True
    typed = str(request.POST.get("code") or request.GET.get("code") or "")
    if not typed:
        log.warning("The first account is made here: %s", first_link())
        return False
    (one, many), caller = FIRST_CODES, caller_of(request)
    if take((one, caller), (many, "")):
        return False
    if is_same_code(typed, make_code(settings.SECRET_KEY, FIRST_ACCOUNT)):
        request.session[FIRST] = True
        return True
    request.wrong_code = True  # type: ignore[attr-defined]  # the page says so
    return False


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """allauth's questions, answered for Kaja."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """For the owner with the printed code, for an invitation that still holds, or for all where that is set."""
        if not has_people():
            request.first_visit = True  # type: ignore[attr-defined]  # the page says so
            return has_first_code(request)
        token = request.session.get(INVITATION, "")
        if token and get_open_invitation(token) is not None:
            return True
        return settings.SIGN_UP == "open" and bool(settings.EMAIL_HOST)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """On to the question which factors and tokens stay; without any it leads home by itself."""
        return reverse("account_review")

    def pre_login(self, request: HttpRequest, user: User, **about: Any) -> HttpResponse | None:
        """After a reset no passkey signs in by itself before its person has said that it stays."""
        if user.review == Review.RESET and did_use_passwordless_login(request, user):
            flash(request, _("The password was reset. Sign in with the new one first."), "warning")
            return redirect("account_login")
        response: HttpResponse | None = super().pre_login(request, user, **about)
        return response

    def should_send_confirmation_mail(self, request: HttpRequest, email_address: Any, signup: bool) -> bool:
        """Few mails to one address."""
        return not take(*((limit, email_address.email.lower()) for limit in PROOF_MAILS))

    def send_account_already_exists_mail(self, email: str) -> None:
        """To whom somebody tried to sign up as: they count with the other mails to that address."""
        if not take(*((limit, email.lower()) for limit in PROOF_MAILS)):
            super().send_account_already_exists_mail(email)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Mails name this Kaja by its own address, whatever host the request came to."""
        if not settings.EMAIL_HOST:
            return
        site = SimpleNamespace(name="Kaja", domain=urlsplit(settings.BASE_URL).netloc)
        about = {"email": email, "current_site": site, "base_url": settings.BASE_URL}
        self.render_mail(template_prefix, email, about | context).send()

    def send_notification_mail(
        self, template_prefix: str, user: User, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        """Tell a person what changed about how they sign in, at the address that they sign in with."""
        super().send_notification_mail(template_prefix, user, context, email or user.email)

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """A try of a password: counted, unless it was right."""
        asked = of_password(request, str(credentials.get("email", "")))
        if said := try_once(request, asked):
            raise ValidationError(said, code="too_many_login_attempts")
        user: User | None = super().authenticate(request, **credentials)
        if user is not None:
            take_back(asked)
        return user

    def get_client_ip(self, request: HttpRequest) -> str:
        """The peer, or whom a trusted proxy named in its place; the web server has sorted that out."""
        try:
            return str(ip_address(str(request.META.get("REMOTE_ADDR"))))
        except ValueError:
            return "0.0.0.0"  # noqa: S104 - what a proxy passed on was no address
