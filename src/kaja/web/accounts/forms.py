"""The sign-up form: a name that colleagues see, an address, a password."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import ChangePasswordForm as AllauthChangePasswordForm
from allauth.account.forms import LoginForm as AllauthLoginForm
from allauth.account.forms import ReauthenticateForm as AllauthReauthenticateForm
from allauth.account.forms import ResetPasswordForm as AllauthResetPasswordForm
from allauth.account.forms import ResetPasswordKeyForm as AllauthResetPasswordKeyForm
from allauth.account.forms import SignupForm as AllauthSignupForm
from allauth.core import context
from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from kaja.kernel.limits import take
from kaja.web.accounts.adapter import FIRST, INVITATION, MAILED
from kaja.web.accounts.limits import RESET_MAILS
from kaja.workspaces.actions.signing_up import introduce, make_operator, one_by_one, prove_address
from kaja.workspaces.models import Invitation, User
from kaja.workspaces.queries import find_person, get_open_invitation, has_people

GOOD_PASSWORD = _("At least ten characters; a few words in a row are good.")


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
        self.fields["password1"].help_text = GOOD_PASSWORD
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)
        self.invitation = find_invitation(context.request)
        if self.invitation is not None:
            # The invitation is for its address; a disabled field takes nothing else.
            self.fields["email"].initial = self.invitation.email
            self.initial["email"] = self.invitation.email
            self.fields["email"].disabled = True

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """Make the account, one after the other, and only while the page is open: of four first ones one is made."""
        if self.account_already_exists:
            # Nothing is made. Its owner is written to, which nobody waits for in the queue below.
            known: tuple[User | None, HttpResponse | None] = super().try_save(request)
            return known
        with one_by_one():
            first = not has_people()
            if not get_adapter().is_open_for_signup(request):
                return None, redirect("account_signup")
            user, response = super().try_save(request)
            if user is not None:
                self._settle(request, user, first=first)
        return user, response

    def _settle(self, request: HttpRequest, user: User, *, first: bool) -> None:
        request.session.pop(FIRST, None)
        if first:
            make_operator(user)
        # The printed code, and the link that only the mail carried, prove the address; so does, where no mail can be
        # sent, the link that somebody of the workspace has handed over.
        mailed = self.invitation is not None and request.session.get(MAILED) == str(self.invitation.id)
        if first or mailed or not settings.EMAIL_HOST:
            prove_address(user)

    def custom_signup(self, request: HttpRequest, user: Any) -> None:
        """Store what allauth does not know of."""
        introduce(user, self.cleaned_data["name"], get_language() or "")

    def clean_email(self) -> str:
        """Addresses are stored in lower case, so that one person has one account."""
        email = str(super().clean_email()).lower()
        # Whoever holds an invitation may know; in an open sign-up nobody learns who has an account.
        if self.invitation is not None and find_person(email) is not None:
            raise forms.ValidationError(_("There is an account with this address already. Sign in with it instead."))
        return email


def find_invitation(request: HttpRequest | None) -> Invitation | None:
    """The open invitation whose link this browser has followed."""
    token = request.session.get(INVITATION, "") if request is not None else ""
    return get_open_invitation(token) if token else None


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
        if (invitation := find_invitation(context.request)) is not None:
            self.fields["login"].initial = invitation.email
        if "remember" in self.fields:
            self.fields["remember"].label = _("Stay signed in on this device")


class ResetPasswordForm(AllauthResetPasswordForm):  # type: ignore[misc]  # allauth ships no types
    """Asks for a link. An address that was written to often enough gets no more mail; the page says the same."""

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        email = str(self.cleaned_data["email"])
        if take(*((limit, email.lower()) for limit in RESET_MAILS)):
            return email
        return str(super().save(request, **kwargs))


class ResetPasswordKeyForm(AllauthResetPasswordKeyForm):  # type: ignore[misc]  # allauth ships no types
    """A new password by a link, in the words of the sign-up."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name_new_password(self.fields)


class ChangePasswordForm(AllauthChangePasswordForm):  # type: ignore[misc]  # allauth ships no types
    """A new password for the present one, in the words of the sign-up."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["oldpassword"].label = _("Current password")
        self.fields["oldpassword"].help_text = ""
        name_new_password(self.fields)


def name_new_password(fields: dict[str, forms.Field]) -> None:
    """One sentence on what a good one is; what is wrong with one is said when it is."""
    fields["password1"].label, fields["password1"].help_text = _("New password"), GOOD_PASSWORD
    fields["password2"].label = _("New password, again")
    for field in fields.values():
        field.widget.attrs.pop("placeholder", None)
