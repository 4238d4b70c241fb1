"""Who may make an account: the first person of an installation, and people who hold an invitation."""

from ipaddress import ip_address
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from kaja.web.accounts.limits import of_password, take_back, try_once
from kaja.workspaces.models import User
from kaja.workspaces.queries import get_open_invitation

INVITATION = "invitation"


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """allauth's questions, answered for Kaja."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Open for the owner's first visit and for an invitation that still holds."""
        if not User.objects.exists():
            return True
        token = request.session.get(INVITATION, "")
        return bool(token) and get_open_invitation(token) is not None

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
