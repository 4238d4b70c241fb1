"""A private reply as plain fields, from what is stored and back to it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from kaja.channels.models import Channel
from kaja.inbox.models import AnswerTarget
from kaja.inbox.privately.forms import DAILY_MOST, PAUSE_MOST, list_able
from kaja.inbox.privately.queries import ShownPost

# What a private reply calls otherwise than its fields do.
PLACES = {
    "channel_ids": "channels",
    "publication_ids": "posts",
    "pause_least": "pause_least",
    "target": "hours",
}
WHEN, THEN, BOUNDS = ("channels", "posts", "words", "pattern"), ("text", "public"), ("hours", "daily")
_NUMBER = forms.NumberInput(attrs={"inputmode": "numeric"})


class PrivateFields(forms.Form):
    """Where and at which word, what is said, and in which bounds."""

    name = forms.CharField(label=_("Name"), max_length=60, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    channels = forms.MultipleChoiceField(
        label=_("All posts of these channels"), required=False, widget=forms.CheckboxSelectMultiple
    )
    posts = forms.MultipleChoiceField(
        label=_("Single posts"),
        required=False,
        widget=forms.SelectMultiple(attrs={"size": 6}),
        help_text=_("The newest that stand on a network. Hold Ctrl to choose several."),
    )
    words = forms.CharField(
        label=_("A comment says one of these"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto", "spellcheck": "false"}),
        help_text=_(
            "One word or phrase a line. A star is for any ending: “price*”. Capitals and accents do not matter."
        ),
    )
    pattern = forms.CharField(
        label=_("Or a pattern"),
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "dir": "ltr", "class": "code"}),
        help_text=_(
            "For what words cannot say: a regular expression of RE2, which is quick whatever stands in a text."
        ),
    )
    text = forms.CharField(
        label=_("Send this in private"),
        widget=forms.Textarea(attrs={"rows": 5, "dir": "auto"}),
        help_text=_("{name}, {first_name}, {handle} and {channel} are filled in."),
    )
    public = forms.CharField(
        label=_("Then say one of these below the comment"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto"}),
        help_text=_(
            "One a line, two or more, or none. One is chosen at random, never the same twice running, and only when "
            "the private one has gone out."
        ),
    )
    pause_least = forms.IntegerField(
        label=_("Wait at least so many seconds"), min_value=0, max_value=PAUSE_MOST, initial=60, widget=_NUMBER
    )
    pause_most = forms.IntegerField(
        label=_("and at most"), min_value=0, max_value=PAUSE_MOST, initial=300, widget=_NUMBER
    )
    daily = forms.IntegerField(
        label=_("No more in a day than"),
        min_value=1,
        max_value=DAILY_MOST,
        initial=50,
        widget=_NUMBER,
        help_text=_("Who comes later waits for the next day with room."),
    )
    hours = forms.ChoiceField(
        label=_("In the hours of"),
        required=False,
        help_text=_("Hours and holidays are those of a target under “Answers”, on the workspace’s clock."),
    )

    def __init__(
        self,
        data: Any,
        channels: Sequence[Channel],
        posts: Sequence[ShownPost],
        targets: Collection[AnswerTarget],
        *,
        initial: Any = None,
        may: bool = True,
    ) -> None:
        super().__init__(data, initial=initial)
        able = list_able(channels)
        self.unable = [channel for channel in channels if not able[channel.id]]
        chosen = {str(each) for each in (initial or {}).get("channels", ())}
        # What is chosen stays to be seen, and is refused with its reason.
        shown = [each for each in channels if able[each.id] or str(each.id) in chosen]
        self.fields["channels"].choices = [(str(each.id), str(each)) for each in shown]  # type: ignore[attr-defined]
        self.fields["posts"].choices = [(str(each.id), _name(each)) for each in posts]  # type: ignore[attr-defined]
        hours = [(str(target.id), target.name) for target in targets]
        self.fields["hours"].choices = [("", _("at any time")), *hours]  # type: ignore[attr-defined]
        if not may:
            for field in self.fields.values():
                field.disabled = True

    def list_when(self) -> list[forms.BoundField]:
        """The fields that say for which comments."""
        return [self[name] for name in WHEN]

    def list_then(self) -> list[forms.BoundField]:
        """The fields of what is said."""
        return [self[name] for name in THEN]

    def list_bounds(self) -> list[forms.BoundField]:
        """The fields of when and how many, but for the pause."""
        return [self[name] for name in BOUNDS]

    def give(self) -> dict[str, Any]:
        """As `parse_private` takes it."""
        given = self.cleaned_data
        return {
            "name": given["name"],
            "wanted": {
                "channel_ids": given["channels"],
                "publication_ids": given["posts"],
                "words": _lines(given["words"]),
                "pattern": given["pattern"],
            },
            "said": {"public": _lines(given["public"]), "text": given["text"].replace("\r\n", "\n").strip()},
            "limits": {
                "pause_least": given["pause_least"],
                "pause_most": given["pause_most"],
                "daily": given["daily"],
                "target": given["hours"] or None,
            },
        }


def _name(post: ShownPost) -> str:
    return f"{post.channel}: {post.text[:80] or '…'}"


def _lines(text: str) -> list[str]:
    return [line for each in text.splitlines() if (line := each.strip())]


def fill_private(
    name: str, wanted: Mapping[str, Any], said: Mapping[str, Any], limits: Mapping[str, Any]
) -> dict[str, Any]:
    """What the fields hold of one that stands."""
    return {
        "name": name,
        "channels": wanted.get("channel_ids", ()),
        "posts": wanted.get("publication_ids", ()),
        "words": "\n".join(wanted.get("words", ())),
        "pattern": wanted.get("pattern", ""),
        "text": said.get("text", ""),
        "public": "\n".join(said.get("public", ())),
        "pause_least": limits.get("pause_least", 60),
        "pause_most": limits.get("pause_most", 300),
        "daily": limits.get("daily", 50),
        "hours": limits.get("target") or "",
    }


def list_chosen(wanted: Mapping[str, Any]) -> list[UUID]:
    """The single posts that are chosen."""
    return [UUID(str(each)) for each in wanted.get("publication_ids", ())]
