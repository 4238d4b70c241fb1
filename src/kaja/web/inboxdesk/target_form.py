"""A target as plain fields: hours of each weekday as people write them, times as a number and its unit."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from kaja.inbox.models import AnswerTarget, ConversationKind
from kaja.inbox.targets.holidays import list_countries
from kaja.publishing.choices import Choices
from kaja.web.inboxdesk.words import WEEKDAYS
from kaja.web.kit.countries import name_countries

TIMES = ("first", "next", "resolution")
UNITS = [("60", _("hours")), ("1", _("minutes"))]
DAYS = tuple(f"day_{n}" for n in range(7))
# What a target calls otherwise than its fields do.
PLACES = {"week": DAYS[0], "channel_ids": "channels", **{f"{name}_minutes": f"{name}_count" for name in TIMES}}
_SPAN = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?\s*[-–—]\s*(\d{1,2})(?:[:.](\d{2}))?")


class TargetFields(forms.Form):
    """What is promised, for what, and when somebody is there."""

    name = forms.CharField(label=_("Name"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    channels = forms.MultipleChoiceField(
        label=_("Channels"), required=False, widget=forms.CheckboxSelectMultiple, help_text=_("None chosen: all.")
    )
    kinds = forms.MultipleChoiceField(
        label=_("Kinds"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=ConversationKind.choices,
        help_text=_("None chosen: all."),
    )
    always = forms.BooleanField(
        label=_("Around the clock"),
        required=False,
        help_text=_("Then the hours below do not count, holidays still do."),
    )
    country = forms.ChoiceField(label=_("Public holidays of"), required=False)
    region = forms.ChoiceField(
        label=_("Region"),
        required=False,
        help_text=_("Choose a country and press “What it means”: its regions stand here then."),
    )
    closed = forms.CharField(
        label=_("Days of your own without anybody"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "ltr", "placeholder": "2026-12-24"}),
        help_text=_("One a line, as year, month and day: 2026-12-24."),
    )
    warn_minutes = forms.IntegerField(
        label=_("Tell us so many minutes before it is late"),
        min_value=0,
        initial=15,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )

    def __init__(self, data: Any, choices: Choices, *, initial: Any = None, may: bool = True) -> None:
        super().__init__(data, initial=initial)
        self.fields["channels"].choices = [(each.value, each.name) for each in choices.channel]  # type: ignore[attr-defined]
        for name, word in zip(DAYS, WEEKDAYS, strict=True):
            self.fields[name] = forms.CharField(
                label=word, required=False, max_length=100, widget=forms.TextInput(attrs={"dir": "ltr"})
            )
        for name in TIMES:
            self.fields[f"{name}_count"] = forms.IntegerField(
                required=False, min_value=1, widget=forms.NumberInput(attrs={"inputmode": "numeric"})
            )
            self.fields[f"{name}_unit"] = forms.ChoiceField(choices=UNITS, required=False, initial="60")
        countries = list_countries()
        chosen = (data or initial or {}).get("country", "")
        self.fields["country"].choices = [("", _("none")), *name_countries(countries)]  # type: ignore[attr-defined]
        regions = countries.get(chosen, ())
        self.fields["region"].choices = [("", _("the whole country")), *((each, each) for each in regions)]  # type: ignore[attr-defined]
        if not may:
            for field in self.fields.values():
                field.disabled = True

    def list_days(self) -> list[forms.BoundField]:
        """The hours, by weekday."""
        return [self[name] for name in DAYS]

    def list_times(self) -> list[tuple[Any, forms.BoundField, forms.BoundField]]:
        """The three times: their word, number and unit."""
        words = {"first": _("First answer within"), "next": _("Next answers within"), "resolution": _("Done within")}
        return [(words[name], self[f"{name}_count"], self[f"{name}_unit"]) for name in TIMES]

    def clean_closed(self) -> list[str]:
        """Days as ISO dates."""
        found = []
        for line in str(self.cleaned_data["closed"]).split():
            try:
                found.append(date.fromisoformat(line).isoformat())
            except ValueError as error:
                raise forms.ValidationError(
                    _("“%(line)s” is no day. Write it as 2026-12-24."), params={"line": line[:40]}
                ) from error
        return sorted(set(found))

    def clean(self) -> dict[str, Any]:
        """The hours of each day as minutes."""
        given = super().clean() or {}
        for name in DAYS:
            try:
                given[name] = parse_hours(given.get(name, ""))
            except ValueError:
                self.add_error(name, say("These are no hours. Write them as 09:00–13:00, 14:00–18:00."))
        return given

    def give(self) -> dict[str, Any]:
        """A target as `parse_target` takes it."""
        given = self.cleaned_data
        week = {str(n): given[name] for n, name in enumerate(DAYS) if given[name]}
        times = {
            f"{name}_minutes": given[f"{name}_count"] * int(given[f"{name}_unit"] or "60")
            if given[f"{name}_count"]
            else None
            for name in TIMES
        }
        return {
            "name": given["name"],
            "channel_ids": given["channels"],
            "kinds": given["kinds"],
            "week": None if given["always"] else week,
            "country": given["country"],
            "region": given["region"],
            "closed": given["closed"],
            "warn_minutes": given["warn_minutes"],
            **times,
        }


def parse_hours(text: str) -> list[list[int]]:
    """Minutes of "9–13, 14:30–18:00". Raises ValueError for what are no hours; order and overlaps are not judged."""
    found = []
    for part in filter(None, (each.strip() for each in text.split(","))):
        match = _SPAN.fullmatch(part)
        if match is None:
            raise ValueError(part)
        from_hour, from_minute, to_hour, to_minute = (int(each or 0) for each in match.groups())
        begin, end = 60 * from_hour + from_minute, 60 * to_hour + to_minute
        if max(from_minute, to_minute) > 59 or not begin < end <= 24 * 60:
            raise ValueError(part)
        found.append([begin, end])
    return found


def describe_hours(spans: Any) -> str:
    """The same back again."""
    return ", ".join(
        f"{begin // 60:02}:{begin % 60:02}–{end // 60:02}:{end % 60:02}"  # as the hours are written
        for begin, end in spans
    )


def fill_fields(target: AnswerTarget | None) -> dict[str, Any]:
    """What the fields hold of a target that stands, and of a new one."""
    if target is None:
        usual = dict.fromkeys(DAYS[:5], "09:00–18:00")
        return {**usual, "first_count": 4, "first_unit": "60", "warn_minutes": 15}
    week: Mapping[str, Any] = target.week or {}
    filled: dict[str, Any] = {name: describe_hours(week.get(str(n), ())) for n, name in enumerate(DAYS)}
    for name in TIMES:
        minutes = getattr(target, f"{name}_minutes")
        whole = minutes is not None and minutes % 60 == 0
        filled[f"{name}_count"] = minutes // 60 if whole else minutes
        filled[f"{name}_unit"] = "1" if minutes is not None and not whole else "60"
    return filled | {
        "name": target.name,
        "channels": target.channel_ids,
        "kinds": target.kinds,
        "always": target.week is None,
        "country": target.country,
        "region": target.region,
        "closed": "\n".join(target.closed),
        "warn_minutes": target.warn_minutes,
    }
