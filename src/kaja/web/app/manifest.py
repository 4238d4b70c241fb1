"""The manifest of the installed application (W3C, Web Application Manifest, read 2026-11-30)."""

from typing import Any

from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

PAPER = "#f8f6f1"
"""`--paper` of css/tokens.css, which the window has before the first page is drawn."""


def _icon(name: str, side: int, purpose: str) -> dict[str, str]:
    return {"src": static(f"app/{name}"), "sizes": f"{side}x{side}", "type": "image/png", "purpose": purpose}


def describe_app() -> dict[str, Any]:
    """Everything that a device asks before it installs Kaja, in the reader's language."""
    places = (("new", _("New post")), ("inbox", _("Inbox")), ("calendar", _("Calendar")), ("needs", _("Needs you")))
    return {
        "id": "/",
        "name": "Kaja",
        "short_name": "Kaja",
        "description": _("The workplace of a social media team: plan, publish and answer."),
        "lang": get_language() or "en",
        "dir": "ltr",
        "start_url": reverse("home"),
        "scope": "/",
        "display": "standalone",
        "background_color": PAPER,
        "theme_color": PAPER,
        "categories": ["business", "productivity", "social"],
        "icons": [
            _icon("icon-192.png", 192, "any"),
            _icon("icon-512.png", 512, "any"),
            _icon("maskable-192.png", 192, "maskable"),
            _icon("maskable-512.png", 512, "maskable"),
            {"src": static("favicon.svg"), "sizes": "any", "type": "image/svg+xml", "purpose": "any"},
        ],
        "shortcuts": [
            {"name": name, "url": reverse("app:go", args=[place]), "icons": [_icon("icon-192.png", 192, "any")]}
            for place, name in places
        ],
        # The worker takes what is shared (js/worker/kept.js).
        "share_target": {
            "action": reverse("app:take_share"),
            "method": "POST",
            "enctype": "multipart/form-data",
            "params": {
                "title": "title",
                "text": "text",
                "url": "url",
                "files": [{"name": "media", "accept": ["image/*", "video/*"]}],
            },
        },
    }
