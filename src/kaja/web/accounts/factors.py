"""The forms of the second factor: allauth's, with names that people understand and no hints inside the fields."""

from typing import Any

from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm as AllauthAuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as AllauthReauthenticateForm
from allauth.mfa.signals import authenticator_removed
from allauth.mfa.totp.forms import ActivateTOTPForm as AllauthActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm as AllauthAddWebAuthnForm
from allauth.mfa.webauthn.forms import EditWebAuthnForm as AllauthEditWebAuthnForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kaja.kernel.limits import Limit, take
from kaja.web.accounts.limits import of_code, take_back, try_once
from kaja.workspaces.factors import has_factor
from kaja.workspaces.models import User

ONCE = Limit("code: used", 1, 180)
"""One use of one code, for longer than it is good: in the database, for all processes."""


def has_second_factor(request: HttpRequest) -> bool:
    """Whether the signed-in person has one; once they have, the session remembers it."""
    if request.session.get(HAS_FACTOR):
        return True
    assert isinstance(request.user, User)
    if not has_factor(request.user):
        return False
    request.session[HAS_FACTOR] = True
    return True


HAS_FACTOR = "has_second_factor"


def _removed(sender: object, request: HttpRequest, **extra: object) -> None:
    request.session.pop(HAS_FACTOR, None)


authenticator_removed.connect(_removed, dispatch_uid="kaja.factor")


class CodeForm:
    """Mixed into the forms that ask for a code."""

    fields: dict[str, Any]
    user: User

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = _("Code")
        widget = self.fields["code"].widget
        widget.attrs.pop("placeholder", None)
        # A phone shows its figures; a recovery code is typed there too, so letters are not refused.
        widget.attrs.update(autofocus=True, autocapitalize="none", spellcheck="false")

    def clean_code(self) -> str:
        """A try of a code: counted, unless it was right."""
        asked = of_code(context.request, self.user.email)
        if said := try_once(context.request, asked):
            raise ValidationError(said, code="too_many_login_attempts")
        code: str = super().clean_code()  # type: ignore[misc]  # of allauth's form
        # A code of an app is good for half a minute and more; whoever read it over a shoulder is too late all the same.
        if take((ONCE, f"{self.user.pk} {code}")):
            raise get_adapter().validation_error("incorrect_code")
        take_back(asked)
        return code


class AuthenticateForm(CodeForm, AllauthAuthenticateForm):  # type: ignore[misc]  # allauth ships no types
    """After the password."""


class ReauthenticateForm(CodeForm, AllauthReauthenticateForm):  # type: ignore[misc]  # allauth ships no types
    """Before the protection is changed."""


class ActivateTOTPForm(CodeForm, AllauthActivateTOTPForm):  # type: ignore[misc]  # allauth ships no types
    """The first code of an app."""


class PasskeyName:
    """Mixed into the forms that name a passkey."""

    fields: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = pgettext_lazy("of a passkey", "Name")
        self.fields["name"].max_length = 100
        if "passwordless" in self.fields:
            self.fields["passwordless"].label = _("Sign in with it alone, without the password")
            self.fields["passwordless"].help_text = _("It then asks for your fingerprint, face or PIN each time.")


class AddPasskeyForm(PasskeyName, AllauthAddWebAuthnForm):  # type: ignore[misc]  # allauth ships no types
    """A new passkey or security key."""


class RenamePasskeyForm(PasskeyName, AllauthEditWebAuthnForm):  # type: ignore[misc]  # allauth ships no types
    """Another name for one."""
