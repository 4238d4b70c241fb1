"""Crisis mode's forms."""

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from kaja.crisis.models import Crisis
from kaja.crisis.queries import WORDS_MOST, Affected, PlannedFilter
from kaja.publishing.choices import Choices


class StartFields(forms.Form):
    """What happened."""

    name = forms.CharField(
        label=_("What happened"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("In a few words: everybody in the workspace sees it."),
    )
    why = forms.CharField(
        label=_("Why crisis mode starts"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Stands in the log, with the moment and your name."),
    )


class PauseFields(forms.Form):
    """Which scheduled posts wait."""

    channels = forms.MultipleChoiceField(
        label=_("Channels"), required=False, widget=forms.CheckboxSelectMultiple, help_text=_("None chosen: all.")
    )
    labels = forms.MultipleChoiceField(
        label=_("Labels"), required=False, widget=forms.CheckboxSelectMultiple, help_text=_("None chosen: all.")
    )
    campaigns = forms.MultipleChoiceField(
        label=_("Campaigns"), required=False, widget=forms.CheckboxSelectMultiple, help_text=_("None chosen: all.")
    )

    def __init__(self, data: Any, choices: Choices) -> None:
        super().__init__(data)
        for name, found in (
            ("channels", choices.channel),
            ("labels", choices.label),
            ("campaigns", choices.campaign),
        ):
            self.fields[name].choices = [(each.value, each.name) for each in found]  # type: ignore[attr-defined]

    def list_fields(self) -> list[forms.BoundField]:
        """Those that have something to choose from."""
        return [self[name] for name in self.fields if self.fields[name].choices]  # type: ignore[attr-defined]

    def give(self) -> PlannedFilter:
        """Of a valid form."""
        given = self.cleaned_data
        return PlannedFilter(
            frozenset(UUID(each) for each in given["channels"]),
            frozenset(given["labels"]),
            frozenset(UUID(each) for each in given["campaigns"]),
        )


class AffectedFields(forms.Form):
    """Which conversations it is about."""

    on = forms.ChoiceField(
        label=_("Which ones"),
        choices=[("filter", _("Those that fit")), ("hand", _("Only those that somebody adds"))],
        widget=forms.RadioSelect,
    )
    words = forms.CharField(
        label=_("Words"),
        required=False,
        max_length=1000,
        help_text=_("One is enough; several with commas between. Word forms are found, as in the inbox's search."),
    )
    channels = forms.MultipleChoiceField(
        label=_("Channels"), required=False, widget=forms.CheckboxSelectMultiple, help_text=_("None chosen: all.")
    )
    since = forms.CharField(required=False)

    def __init__(self, data: Any, choices: Choices, crisis: Crisis) -> None:
        wanted = Affected.model_validate(crisis.affected) if crisis.affected else None
        initial = {
            "on": "hand" if wanted is None else "filter",
            "words": ", ".join(wanted.words) if wanted else "",
            "channels": [str(each) for each in wanted.channels] if wanted else [],
        }
        super().__init__(data, initial=initial)
        self.fields["channels"].choices = [(each.value, each.name) for each in choices.channel]  # type: ignore[attr-defined]

    def clean_words(self) -> list[str]:
        """Words and phrases, each once."""
        found = list(dict.fromkeys(each.strip() for each in str(self.cleaned_data["words"]).split(",") if each.strip()))
        if len(found) > WORDS_MOST:
            raise forms.ValidationError(_("At most %(most)s words or phrases."), params={"most": WORDS_MOST})
        if any(len(each) > 100 for each in found):
            raise forms.ValidationError(_("A word or phrase has at most 100 letters."))
        return found
