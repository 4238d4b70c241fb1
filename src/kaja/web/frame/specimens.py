"""What the living page of components shows."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kaja.kernel.problems import Problem
from kaja.networks.registry import CONNECTORS
from kaja.publishing.choices import Choice
from kaja.web.frame.kit_specimens import list_specimens
from kaja.web.templatetags.kaja import STATES, symbols

NAMES = ("Kohvik Kaja", "Талтех", "迴聲", "Mari Maasikas")


class SpecimenForm(forms.Form):
    """One field of each kind."""

    name = forms.CharField(label=_("Name"), help_text=_("The name of the brand or client."))
    note = forms.CharField(label=_("Text"), widget=forms.Textarea, required=False)
    language = forms.ChoiceField(label=_("Language"), choices=[("en", "English"), ("ru", "Русский")])
    email = forms.EmailField(label=_("E-mail address"))
    agreed = forms.BooleanField(label=_("E-mail me when something needs me"), required=False)


def specimens() -> dict[str, Any]:
    """Everything that `frame/ui.html` shows."""
    return {
        "lists": list_specimens(),
        "states": list(STATES),
        "icons": sorted(symbols("vendor/icons.svg")),
        "channels": [Choice("", name, network) for name, network in zip(NAMES, sorted(CONNECTORS), strict=False)],
        "practice": next((key for key, connector in CONNECTORS.items() if connector.info.practice), ""),
        "form": SpecimenForm(),
        "wrong": SpecimenForm({"name": "", "email": "mari at example", "language": "en"}),
        "problems": [
            Problem(code="too_long", message="The text is 12 characters too long for the network.", fix="Shorten it."),
            Problem(code="no_alt", message="A picture has no description.", severity="warning"),
        ],
        "colours": ["paper", "surface", "sunken", "hover", "line", "line-strong", "ink", "muted", "accent"],
        "long_name": "Северо-Западное представительство Общества любителей длинных названий",
    }
