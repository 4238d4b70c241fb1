"""What the address says about a view of the calendar: the period and the filters, and the menus that change them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.utils.translation import gettext_lazy, pgettext_lazy

from kaja.content.groups import find_campaign
from kaja.content.queries import PostFilter
from kaja.kernel.problems import NotFound, Problem, gettext_noop
from kaja.publishing.choices import Choice, Choices
from kaja.web.kit.filters import Filter, Menu, draw_filters

STATES: Mapping[str, Any] = {
    "draft": gettext_lazy("Draft"),
    "planned": gettext_lazy("Scheduled"),
    "underway": pgettext_lazy("state of a post", "Under way"),
    "done": gettext_lazy("Sent"),
    "needs": gettext_lazy("Needs you"),
}


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


def _choices_of(choices: Choices, name: str) -> list[Choice]:
    if name == "state":
        return [Choice(key, str(word)) for key, word in STATES.items()]
    found: list[Choice] = getattr(choices, name)
    return found


_MISSING = {
    "channel": gettext_noop("The calendar was asked for a channel that this workspace does not have."),
    "campaign": gettext_noop("The calendar was asked for a campaign that this workspace does not have."),
    "label": gettext_noop("The calendar was asked for a label that this workspace does not have."),
    "state": gettext_noop("The calendar was asked for a state that does not exist."),
    "owner": gettext_noop("The calendar was asked for a person who does not belong to this workspace."),
}


def require_known(wanted: Wanted, choices: Choices) -> Wanted:
    """The same with archived campaigns let through; NotFound for what is not of this workspace."""
    for name in NAMES:
        value = getattr(wanted, name)
        if not value or any(choice.value == value for choice in _choices_of(choices, name)):
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
        campaign = find_campaign(UUID(value))
    except ValueError:
        return False
    if campaign is None:
        return False
    choices.campaign.append(Choice(value, campaign.name, colour=campaign.colour))
    return True


FILTERS = (
    Filter("channel", gettext_lazy("Channel"), "radio-tower", gettext_lazy("Show all channels again")),
    Filter("campaign", gettext_lazy("Campaign"), "flag", gettext_lazy("Show all campaigns again")),
    Filter("label", gettext_lazy("Label"), "tag", gettext_lazy("Show all labels again")),
    Filter("state", gettext_lazy("State"), "circle-dashed", gettext_lazy("Show all states again")),
    Filter("owner", gettext_lazy("Owner"), "user", gettext_lazy("Show all owners again")),
)


def list_menus(wanted: Wanted, choices: Choices) -> list[Menu]:
    """The filters as they are drawn, each with its choices' addresses."""
    return draw_filters(
        FILTERS,
        {name: _choices_of(choices, name) for name in NAMES},
        {name: getattr(wanted, name) for name in NAMES},
        lambda name, value: wanted.query(**{name: value}),
    )
