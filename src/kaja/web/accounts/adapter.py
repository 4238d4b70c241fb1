"""Who may make an account: the first person of an installation, and people who hold an invitation."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

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
