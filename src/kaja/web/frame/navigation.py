"""What the rail, the phone's bar, the keys and the palette lead to."""

from dataclasses import dataclass
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from kaja.web.kit.page import address


@dataclass(frozen=True)
class Destination:
    """A place of the workspace. `key` follows `g`; `section` is the heading in the rail."""

    url_name: str
    label: Any
    icon: str
    key: str = ""
    section: Any = ""
    on_phone: bool = False


DESTINATIONS = (
    Destination("calendar:index", _("Calendar"), "calendar-days", "p", _("Plan"), on_phone=True),
    Destination("ideas:board", _("Ideas"), "lightbulb", "i", _("Plan")),
    Destination("groups:campaigns", _("Campaigns"), "flag", "l", _("Plan")),
    Destination("post:bin", _("Bin"), "trash-2", "b", _("Plan")),
    Destination("inbox:list", _("Inbox"), "inbox", "m", _("Listen"), on_phone=True),
    Destination("channels:list", _("Channels"), "radio-tower", "h", _("Workspace")),
    Destination("settings:workspace", _("Settings"), "settings", "s", _("Workspace")),
    Destination("needs_you:list", _("Needs you"), "bell", "n", on_phone=True),
)
COMPOSE = "composer:new"
# Where a place has several pages, what their addresses begin with.
ROOMS: dict[str, tuple[str, ...]] = {
    "settings:workspace": ("settings/",),
    "groups:campaigns": ("groups/",),
    "inbox:list": ("inbox/", "crisis/"),
}


def list_destinations(slug: str, path: str) -> list[dict[str, Any]]:
    """Every place that exists, with `current` set for the one that `path` lies in."""
    found = []
    for place in DESTINATIONS:
        if not (href := address(place.url_name, slug)):
            continue
        rooms = tuple(f"/w/{slug}/{room}" for room in ROOMS.get(place.url_name, ())) or (href,)
        found.append(
            {
                "href": href,
                "label": place.label,
                "icon": place.icon,
                "key": place.key,
                "section": place.section,
                "on_phone": place.on_phone,
                "current": path.startswith(rooms),
                "name": place.url_name,
            }
        )
    return found


def post_address(slug: str, post_id: Any) -> str:
    """The address of a post's page."""
    try:
        return reverse("post:page", args=[slug, post_id])
    except NoReverseMatch:
        return ""
