"""The forms of the first visit."""

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from kaja.workspaces.models import list_time_zones


def list_zone_choices() -> list[tuple[str, str]]:
    """The zones people live in, by name; `Area/City` without the historical aliases."""
    areas = ("Africa/", "America/", "Antarctica/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")
    names = sorted(name for name in list_time_zones() if name.startswith(areas))
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in names)]


class WorkspaceForm(forms.Form):
    """Name, zone and language of a workspace."""

    name = forms.CharField(
        label=_("Name"),
        max_length=120,
        help_text=_("The brand, the shop or the client: “Kohvik Kaja”."),
        widget=forms.TextInput(attrs={"autocomplete": "organization", "autofocus": True}),
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=list_zone_choices,
        initial="UTC",
        help_text=_("All times of the plan are shown and meant in this zone."),
        widget=forms.Select(attrs={"data-guess-zone": ""}),
    )
    language = forms.ChoiceField(
        label=_("Language"),
        choices=settings.LANGUAGES,
        help_text=_("What members read who chose no language of their own."),
    )
