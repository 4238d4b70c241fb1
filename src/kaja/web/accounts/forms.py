"""The sign-up form: a name that colleagues see, an address, a password."""

from typing import Any

from allauth.account.forms import LoginForm as AllauthLoginForm
from allauth.account.forms import ReauthenticateForm as AllauthReauthenticateForm
from allauth.account.forms import ResetPasswordForm as AllauthResetPasswordForm
from allauth.account.forms import SignupForm as AllauthSignupForm
from django import forms
from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from kaja.kernel.limits import take
from kaja.web.accounts.limits import RESET_MAILS
from kaja.workspaces.models import User


class SignupForm(AllauthSignupForm):  # type: ignore[misc]  # allauth ships no types
    """allauth's form and a name."""

    name = forms.CharField(
        label=_("Your name"),
        max_length=120,
        help_text=_("How colleagues see you."),
        widget=forms.TextInput(attrs={"autocomplete": "name", "autofocus": True}),
    )
    field_order = ["name", "email", "password1"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].help_text = _("At least ten characters; a few words in a row are good.")
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)

    def custom_signup(self, request: HttpRequest, user: Any) -> None:
        """Store what allauth does not know of."""
        user.name = self.cleaned_data["name"].strip()
        user.language = get_language() or ""
        user.save(update_fields=["name", "language"])

    def clean_email(self) -> str:
        """Addresses are stored in lower case, so that one person has one account."""
        email = str(super().clean_email()).lower()
        if User.objects.filter(email=email).exists():
            raise forms.ValidationError(_("There is an account with this address already. Sign in with it instead."))
        return email


class ReauthenticateForm(AllauthReauthenticateForm):  # type: ignore[misc]  # allauth ships no types
    """The password once more, without a way out to another page."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = ""
        self.fields["password"].widget.attrs.pop("placeholder", None)


class LoginForm(AllauthLoginForm):  # type: ignore[misc]  # allauth ships no types
    """allauth's form without the hints inside the fields, and with no link in the help."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = ""
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)
        if "remember" in self.fields:
            self.fields["remember"].label = _("Stay signed in on this device")


class ResetPasswordForm(AllauthResetPasswordForm):  # type: ignore[misc]  # allauth ships no types
    """Asks for a link. An address that was written to often enough gets no more mail; the page says the same."""

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        email = str(self.cleaned_data["email"])
        if take(*((limit, email.lower()) for limit in RESET_MAILS)):
            return email
        return str(super().save(request, **kwargs))
