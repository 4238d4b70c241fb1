"""A rule as plain fields, from what is stored and back to it."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from kaja.inbox.models import Priority
from kaja.inbox.saved import list_titles
from kaja.publishing.choices import Choices
from kaja.web.inboxdesk.words import KINDS

EITHER = [("", _("does not matter")), ("yes", _("yes")), ("no", _("no"))]
LINES = forms.Textarea(attrs={"rows": 3, "dir": "auto", "spellcheck": "false"})
STARS = [("", _("does not matter")), *[(str(n), str(n)) for n in range(1, 6)]]
WHEN = ("channels", "kinds", "words", "without", "pattern", "languages", "handles", "first_time", "link", "stars")
THEN = (
    "labels",
    "assignee",
    "priority",
    "state",
    "hide",
    "notify",
    "draft",
    "task",
    "task_member",
    "task_hours",
    "stops",
)
# What a rule calls otherwise than its fields do.
PLACES = {
    "channel_ids": "channels",
    "has_link": "link",
    "rating_most": "stars",
    "member": "task_member",
    "minutes": "task_hours",
}


class RuleFields(forms.Form):
    """Conditions and effects of a rule."""

    name = forms.CharField(label=_("Name"), max_length=60, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    channels = forms.MultipleChoiceField(
        label=_("Channels"), required=False, widget=forms.CheckboxSelectMultiple, help_text=_("None chosen: all.")
    )
    kinds = forms.MultipleChoiceField(
        label=_("Kinds"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=list(KINDS.items()),
        help_text=_("None chosen: all."),
    )
    words = forms.CharField(
        label=_("Says one of these"),
        required=False,
        widget=LINES,
        help_text=_("One word or phrase a line. A star is for any ending: “refund*”. Capitals do not matter."),
    )
    without = forms.CharField(
        label=_("Says none of these"), required=False, widget=LINES, help_text=_("One word or phrase a line.")
    )
    pattern = forms.CharField(
        label=_("Pattern"),
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "dir": "ltr", "class": "code"}),
        help_text=_(
            "For what words cannot say: a regular expression of RE2, which is quick whatever stands in a text."
        ),
    )
    languages = forms.CharField(
        label=_("Languages"),
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "ltr"}),
        help_text=_("Their codes, with commas between: “en, ru”. Empty: all."),
    )
    handles = forms.CharField(
        label=_("Written by"),
        required=False,
        widget=LINES,
        help_text=_("One account a line, as the network names it, with or without an @. Empty: everybody."),
    )
    first_time = forms.ChoiceField(label=_("Writes for the first time"), required=False, choices=EITHER)
    link = forms.ChoiceField(label=_("Has a link"), required=False, choices=EITHER)
    stars = forms.ChoiceField(label=_("Stars of a review, at most"), required=False, choices=STARS)

    labels = forms.CharField(
        label=_("Put labels on"),
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
        help_text=_("With commas between. A label that does not exist yet is made."),
    )
    assignee = forms.ChoiceField(label=_("Give it to"), required=False)
    priority = forms.ChoiceField(
        label=_("Set the priority"),
        required=False,
        choices=[("", _("leave it as it is")), *[(str(each.value), each.label) for each in Priority]],
    )
    state = forms.ChoiceField(
        label=_("Settle it"),
        required=False,
        choices=[("", _("leave it as it is")), ("done", _("It is done")), ("spam", _("It is spam"))],
    )
    hide = forms.BooleanField(
        label=_("Hide it on the network"),
        required=False,
        help_text=_("Until somebody has looked. Where a network hides nothing, the log says so, and the rest is done."),
    )
    notify = forms.BooleanField(label=_("Tell everybody who answers"), required=False)
    draft = forms.ChoiceField(
        label=_("Draft an answer"),
        required=False,
        help_text=_("A saved reply that stands in the box of whoever opens it. Nothing sends it but a person."),
    )
    task = forms.CharField(
        label=_("Give a task"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
        help_text=_("In a few words what is to be done. It stays until the conversation is done."),
    )
    task_member = forms.ChoiceField(label=_("Whose task it is"), required=False)
    task_hours = forms.IntegerField(
        label=_("Due in so many hours"),
        required=False,
        min_value=1,
        max_value=24 * 365,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    stops = forms.BooleanField(label=_("Do not ask the rules below this one"), required=False)

    def __init__(self, data: Any, choices: Choices, *, initial: Any = None, may: bool = True) -> None:
        super().__init__(data, initial=initial)
        self.fields["channels"].choices = [(each.value, each.name) for each in choices.channel]  # type: ignore[attr-defined]
        people = [(each.value, each.name) for each in choices.owner]
        self.fields["assignee"].choices = [("", _("nobody")), *people]  # type: ignore[attr-defined]
        self.fields["task_member"].choices = [("", _("nobody")), *people]  # type: ignore[attr-defined]
        replies = [(str(reply_id), title) for reply_id, title in list_titles()]
        self.fields["draft"].choices = [("", _("none")), *replies]  # type: ignore[attr-defined]
        if not may:
            for field in self.fields.values():
                field.disabled = True

    def list_when(self) -> list[forms.BoundField]:
        """The fields of the conditions."""
        return [self[name] for name in WHEN]

    def list_then(self) -> list[forms.BoundField]:
        """The fields of the effects."""
        return [self[name] for name in THEN]

    def clean(self) -> dict[str, Any]:
        """A task has somebody and a time."""
        given = super().clean() or {}
        if given.get("task"):
            for name in ("task_member", "task_hours"):
                if not given.get(name) and name not in self.errors:
                    self.add_error(name, say("A task is somebody's, and due at some time."))
        return given

    def give(self) -> dict[str, Any]:
        """A rule as `parse_rule` takes it."""
        given = self.cleaned_data
        when = {
            "channel_ids": given["channels"],
            "kinds": given["kinds"],
            "words": _lines(given["words"]),
            "without": _lines(given["without"]),
            "pattern": given["pattern"],
            "languages": _parts(given["languages"]),
            "handles": _lines(given["handles"]),
            "first_time": _parse_either(given["first_time"]),
            "has_link": _parse_either(given["link"]),
            "rating_most": int(given["stars"]) if given["stars"] else None,
        }
        then = {
            "labels": _parts(given["labels"]),
            "assignee": given["assignee"] or None,
            "priority": int(given["priority"]) if given["priority"] else None,
            "state": given["state"] or None,
            "hide": given["hide"],
            "notify": given["notify"],
            "draft": given["draft"] or None,
            "task": {"text": given["task"], "member": given["task_member"], "minutes": 60 * given["task_hours"]}
            if given["task"]
            else None,
        }
        return {"name": given["name"], "when": when, "then": then, "stops": given["stops"]}


def _lines(text: str) -> list[str]:
    return [line for each in text.splitlines() if (line := each.strip())]


def _parts(text: str) -> list[str]:
    return [part for each in text.split(",") if (part := each.strip())]


def _parse_either(value: str) -> bool | None:
    return None if not value else value == "yes"


def fill_fields(name: str, when: Mapping[str, Any], then: Mapping[str, Any], stops: bool) -> dict[str, Any]:
    """What the fields hold of a rule that stands."""
    task = then.get("task") or {}
    either = {None: "", True: "yes", False: "no"}
    return {
        "name": name,
        "channels": when.get("channel_ids", ()),
        "kinds": when.get("kinds", ()),
        "words": "\n".join(when.get("words", ())),
        "without": "\n".join(when.get("without", ())),
        "pattern": when.get("pattern", ""),
        "languages": ", ".join(when.get("languages", ())),
        "handles": "\n".join(when.get("handles", ())),
        "first_time": either[when.get("first_time")],
        "link": either[when.get("has_link")],
        "stars": str(when.get("rating_most") or ""),
        "labels": ", ".join(then.get("labels", ())),
        "assignee": then.get("assignee") or "",
        "priority": "" if then.get("priority") is None else str(then["priority"]),
        "state": then.get("state") or "",
        "hide": then.get("hide", False),
        "notify": then.get("notify", False),
        "draft": then.get("draft") or "",
        "task": task.get("text", ""),
        "task_member": task.get("member", ""),
        "task_hours": -(-task["minutes"] // 60) if task else None,
        "stops": stops,
    }
