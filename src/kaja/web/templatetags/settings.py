"""The pages of the settings, in groups by whom they are about."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import template
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

register = template.Library()
MANAGE, STAFF = "manage", "staff"


@dataclass(frozen=True)
class Place:
    """A page of the settings, and who sees that there is one."""

    key: str
    word: Any
    address: str
    symbol: str
    seen_by: str = ""


GROUPS: tuple[tuple[Any, tuple[Place, ...]], ...] = (
    (
        pgettext_lazy("settings", "You"),
        (
            Place("profile", _("Your profile"), "settings:profile", "user"),
            Place("devices", _("Devices"), "app:devices", "smartphone"),
            Place("security", _("Security"), "settings:security", "shield-check"),
        ),
    ),
    (
        _("Workspace"),
        (
            Place("workspace", _("Workspace"), "settings:workspace", "settings"),
            Place("members", _("Members"), "settings:members", "users"),
        ),
    ),
    (
        _("Inbox"),
        (
            Place("answers", _("Answers"), "inboxdesk:targets", "timer"),
            Place("keeping", _("What is kept"), "inboxdesk:keeping", "hourglass"),
        ),
    ),
    (
        pgettext_lazy("settings", "For programs"),
        (
            Place("tokens", _("API tokens"), "settings:tokens", "key-round"),
            Place("webhooks", _("Webhooks"), "settings:webhooks", "radio-tower", MANAGE),
            Place("networks", _("Networks"), "settings:networks", "globe", STAFF),
        ),
    ),
    (
        pgettext_lazy("settings", "Looking after it"),
        (
            Place("audit", _("Audit log"), "settings:audit", "scroll-text", MANAGE),
            Place("running", _("What runs"), "settings:running", "monitor", MANAGE),
        ),
    ),
)
"""In the order in which they are shown; a group of which nobody may see a page is not."""


@register.simple_tag(takes_context=True)
def list_settings(context: Mapping[str, Any], here: str) -> dict[str, Any]:
    """The groups that this person sees, and the page on which they are."""
    request = context["request"]
    sees = {"": True, MANAGE: context["frame"]["can"]["manage"], STAFF: request.user.is_staff}
    groups = [
        {
            "word": word,
            "places": [
                {
                    "word": place.word,
                    "symbol": place.symbol,
                    "href": reverse(place.address, args=[request.workspace.slug]),
                    "here": place.key == here,
                }
                for place in places
                if sees[place.seen_by]
            ],
        }
        for word, places in GROUPS
    ]
    shown = [group for group in groups if group["places"]]
    current = next((place for group in shown for place in group["places"] if place["here"]), None)
    return {"groups": shown, "current": current}
