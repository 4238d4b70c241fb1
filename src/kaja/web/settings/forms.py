"""The forms of the settings."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from kaja.web.onboarding.forms import WorkspaceForm
from kaja.web.settings.words import list_roles
from kaja.workspaces.customs import DateStyle, WeekStart
from kaja.workspaces.models import Mails, Role


class SettingsForm(WorkspaceForm):
    """A workspace's name, zone, language, late limit, and how it writes days."""

    late_limit_minutes = forms.IntegerField(
        label=_("Late limit, in minutes"),
        min_value=1,
        help_text=_(
            "A post that could not go out for longer than this is not sent late in silence: its author decides."
        ),
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )

    date_style = forms.ChoiceField(
        label=_("Dates are written"),
        choices=DateStyle.choices,
        required=False,
        help_text=_("The same on every page, in every field and for everybody in this workspace."),
    )
    week_start = forms.ChoiceField(label=_("The week begins on"), choices=WeekStart.choices, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["name"].widget.attrs["autofocus"]
        del self.fields["time_zone"].widget.attrs["data-guess-zone"]


class InviteForm(forms.Form):
    """Whom, and as what."""

    email = forms.EmailField(
        label=_("E-mail address"), widget=forms.EmailInput(attrs={"autocomplete": "off", "inputmode": "email"})
    )
    role = forms.ChoiceField(label=_("Role"), choices=list_roles, initial=Role.CONTENT_MANAGER)


class ProfileForm(forms.Form):
    """What a person chooses for themselves."""

    name = forms.CharField(
        label=_("Your name"),
        max_length=120,
        required=False,
        help_text=_("How colleagues see you."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    language = forms.ChoiceField(
        label=_("Language"), required=False, choices=[("", _("As the workspace")), *settings.LANGUAGES]
    )
    theme = forms.ChoiceField(
        label=_("Theme"),
        required=False,
        choices=[("", _("As the device")), ("light", _("Light")), ("dark", _("Dark"))],
    )
    mails = forms.ChoiceField(
        label=_("E-mails from this workspace"),
        required=False,
        choices=Mails.choices,
        help_text=_("Notices are always shown in Kaja."),
    )


class TokenForm(forms.Form):
    """A token's name, what it may do, how long it lives."""

    name = forms.CharField(label=_("Name"), max_length=80, help_text=_("The program that will use it: “Web shop”."))
    scopes = forms.MultipleChoiceField(label=_("What it may do"), widget=forms.CheckboxSelectMultiple)
    days = forms.ChoiceField(
        label=_("Valid for"),
        choices=[("30", _("30 days")), ("90", _("90 days")), ("365", _("one year")), ("", _("until it is revoked"))],
        initial="90",
        required=False,
    )
