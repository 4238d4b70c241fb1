"""The forms of the second factor: allauth's, with names that people understand and no hints inside the fields."""

from typing import Any

from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm as AllauthAuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as AllauthReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm as AllauthActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm as AllauthAddWebAuthnForm
from allauth.mfa.webauthn.forms import EditWebAuthnForm as AllauthEditWebAuthnForm
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kaja.web.accounts.limits import of_code, take_back, try_once
from kaja.workspaces.models import User


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
