"""What the address says about a view of the calendar: the period and the filters, and the menus that change them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Case, CharField, DateTimeField, QuerySet, Value, When
from django.db.models.functions import Coalesce, NullIf
from django.utils.translation import gettext_lazy, pgettext_lazy

from kaja.channels.models import Channel
from kaja.channels.queries import channel_order
from kaja.content.models import Campaign, Label
from kaja.content.queries import PostFilter
from kaja.kernel.compiled import CompiledQuery
from kaja.kernel.problems import NotFound, Problem, gettext_noop
from kaja.workspaces.models import Member

STATES: Mapping[str, Any] = {
    "draft": gettext_lazy("Draft"),
    "planned": gettext_lazy("Scheduled"),
    "underway": pgettext_lazy("state of a post", "Under way"),
    "done": gettext_lazy("Sent"),
    "needs": gettext_lazy("Needs you"),
}


@dataclass(frozen=True)
class Choice:
    """One line of a filter's menu; for a channel also what its mark shows."""

    value: str
    name: str
    network: str = ""
    colour: str = ""
    avatar_url: str = ""

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Choices:
    """Everything that can be filtered by. Channels that were let go stay: old posts went there."""

    channel: list[Choice]
    campaign: list[Choice]
    label: list[Choice]
    owner: list[Choice]

    @property
    def state(self) -> list[Choice]:
        return [Choice(key, str(word)) for key, word in STATES.items()]

    def of(self, name: str) -> list[Choice]:
        found: list[Choice] = getattr(self, name)
        return found


NAMES = ("channel", "campaign", "label", "state", "owner")


@dataclass(frozen=True)
class Wanted:
    """The view that an address asks for; empty means no filter."""

    view: str
    day: date
    channel: str = ""
    campaign: str = ""
    label: str = ""
    state: str = ""
    owner: str = ""
    past: bool = False
    """Whether a list of this month shows also the days before today."""

    @property
    def filtered(self) -> bool:
        return any(getattr(self, name) for name in NAMES)

    def query(self, **changes: Any) -> str:
        """The address of this view with something else, as a query string."""
        other = replace(self, **changes)
        values = {"view": other.view, "date": other.day.isoformat()}
        values |= {name: value for name in NAMES if (value := getattr(other, name))}
        if other.past:
            values["past"] = "1"
        return "?" + urlencode(values)

    def post_filter(self) -> PostFilter:
        """What the database filters by; how deliveries stand is looked at afterwards."""
        states = {"": (), "draft": ("draft",)}.get(self.state, ("scheduled",))
        return PostFilter(
            campaign=UUID(self.campaign) if self.campaign else None,
            label=self.label,
            states=states,
            owner=UUID(self.owner) if self.owner else None,
            channel=UUID(self.channel) if self.channel else None,
        )


_TEXT = CharField()
_NOTHING = Value("", output_field=_TEXT)
_PERSON = Coalesce(NullIf("user__name", _NOTHING), "user__email", output_field=_TEXT)
_choices = CompiledQuery()


def _kind(name: str) -> Value:
    return Value(name, output_field=_TEXT)


def _all_choices() -> QuerySet[Any, Any]:
    """Kind, id, name, network, colour, picture, what channels are ordered by; those let go are a kind of their own."""
    gone = Case(When(disconnected_at__isnull=True, then=_kind("channel")), default=_kind("gone"))
    name = Coalesce(NullIf("name", _NOTHING), "handle", output_field=_TEXT)
    order, unordered = channel_order()[0], Value(None, output_field=DateTimeField())
    channels = Channel.objects.values_list(gone, "id", name, "network", _NOTHING, "avatar_url", order)
    campaigns = Campaign.objects.filter(archived_at__isnull=True)
    return channels.union(
        campaigns.values_list(_kind("campaign"), "id", "name", _NOTHING, "colour", _NOTHING, unordered),
        Label.objects.values_list(_kind("label"), "id", "name", _NOTHING, _NOTHING, _NOTHING, unordered),
        Member.objects.values_list(_kind("owner"), "user_id", _PERSON, _NOTHING, _NOTHING, _NOTHING, unordered),
        all=True,
    )


def list_choices() -> Choices:
    """One query; channels in their order, every other group by name."""
    found: dict[str, list[tuple[Any, Choice]]] = {
        kind: [] for kind in ("channel", "gone", "campaign", "label", "owner")
    }
    for kind, pk, name, network, colour, picture, order in _choices.fetch(_all_choices):
        choice = Choice(name if kind == "label" else str(pk), name, network, colour, picture)
        found[kind].append(((order, str(pk)) if network else name.casefold(), choice))
    groups = {kind: [choice for _key, choice in sorted(rows, key=lambda row: row[0])] for kind, rows in found.items()}
    return Choices(groups["channel"] + groups["gone"], groups["campaign"], groups["label"], groups["owner"])


_MISSING = {
    "channel": gettext_noop("The calendar was asked for a channel that this workspace does not have."),
    "campaign": gettext_noop("The calendar was asked for a campaign that this workspace does not have."),
    "label": gettext_noop("The calendar was asked for a label that this workspace does not have."),
    "state": gettext_noop("The calendar was asked for a state that there is not."),
    "owner": gettext_noop("The calendar was asked for a person who does not belong to this workspace."),
}


def require_known(wanted: Wanted, choices: Choices) -> Wanted:
    """The same with archived campaigns let through; NotFound for what is not of this workspace."""
    for name in NAMES:
        value = getattr(wanted, name)
        if not value or any(choice.value == value for choice in choices.of(name)):
            continue
        if name == "campaign" and _is_archived(value, choices):
            continue
        raise NotFound(
            Problem(
                code=f"{name}_not_found",
                message=_MISSING[name],
                field=name,
                fix=gettext_noop("Open the calendar without this filter; perhaps it was deleted."),
            )
        )
    return wanted


def _is_archived(value: str, choices: Choices) -> bool:
    try:
        campaign = Campaign.objects.filter(id=UUID(value)).first()
    except ValueError:
        return False
    if campaign is None:
        return False
    choices.campaign.append(Choice(value, campaign.name, colour=campaign.colour))
    return True


MENUS: Mapping[str, tuple[Any, str]] = {
    "channel": (gettext_lazy("Channel"), "radio-tower"),
    "campaign": (gettext_lazy("Campaign"), "flag"),
    "label": (gettext_lazy("Label"), "tag"),
    "state": (gettext_lazy("State"), "circle-dashed"),
    "owner": (gettext_lazy("Owner"), "user"),
}

# What takes a filter away again, said whole: a word put into a sentence would have the wrong ending in most languages.
CLEAR = {
    "channel": gettext_lazy("Show all channels again"),
    "campaign": gettext_lazy("Show all campaigns again"),
    "label": gettext_lazy("Show all labels again"),
    "state": gettext_lazy("Show all states again"),
    "owner": gettext_lazy("Show all owners again"),
}


def describe_menus(wanted: Wanted, choices: Choices) -> list[dict[str, Any]]:
    """The filters' menus, each with its choices' addresses, and the chip of what is chosen."""
    menus = []
    for name, (word, symbol) in MENUS.items():
        listed = choices.of(name)
        if not listed:
            continue
        chosen = getattr(wanted, name)
        menus.append(
            {
                "name": name,
                "word": word,
                "icon": symbol,
                "items": [
                    {
                        "choice": choice,
                        "chosen": choice.value == chosen,
                        "href": wanted.query(**{name: "" if choice.value == chosen else choice.value}),
                    }
                    for choice in listed
                ],
                "chosen": next((choice.name for choice in listed if choice.value == chosen), ""),
                "clear": wanted.query(**{name: ""}),
                "clear_words": str(CLEAR[name]),
            }
        )
    return menus
