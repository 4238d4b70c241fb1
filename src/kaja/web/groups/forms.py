"""The forms of campaigns and labels."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kaja.content.actions.groups import COLOURS
from kaja.web.date_field import DayInput

WORDS = {
    "ink": _("Ink"),
    "red": _("Red"),
    "amber": _("Amber"),
    "green": _("Green"),
    "teal": _("Teal"),
    "blue": _("Blue"),
    "violet": _("Violet"),
    "pink": _("Pink"),
}
COLOUR_CHOICES: list[tuple[str, Any]] = [(colour, WORDS[colour]) for colour in COLOURS]


class CampaignForm(forms.Form):
    """A campaign."""

    name = forms.CharField(label=_("Name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    colour = forms.ChoiceField(label=_("Colour"), choices=COLOUR_CHOICES, initial="ink")
    starts_on = forms.DateField(label=_("Begins"), required=False, widget=DayInput, input_formats=["%Y-%m-%d"])
    ends_on = forms.DateField(label=_("Ends"), required=False, widget=DayInput, input_formats=["%Y-%m-%d"])


class LabelForm(forms.Form):
    """A label."""

    name = forms.CharField(label=_("Name"), max_length=60, widget=forms.TextInput(attrs={"autocomplete": "off"}))
