"""Template tags of the frame; every template has them without loading."""

import re
from collections.abc import Iterable
from functools import cache, lru_cache, reduce
from pathlib import Path
from typing import Any
from zlib import crc32

from django import template
from django.forms.boundfield import BoundField
from django.forms.widgets import CheckboxInput, Select, Textarea
from django.http import HttpRequest
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, pgettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from kaja.kernel.ids import new_id
from kaja.networks.folders import list_static_folders
from kaja.networks.kit.iri import show_host
from kaja.networks.registry import CONNECTORS
from kaja.web import flash as flashes
from kaja.web.date_field import Kind, render_date_field
from kaja.web.dates import write_day, write_moment, write_second
from kaja.web.foreign import web_address
from kaja.web.frame.navigation import post_address
from kaja.web.problems import problem_fix, problem_line, problem_text
from kaja.web.settings.words import action_words, audit_words, loop_words
from kaja.workspaces.wording import describe_grant, describe_quota, describe_scope, name_in_language

register = template.Library()
STATIC = Path(__file__).resolve().parent.parent.parent / "static"

register.filter("action_words", action_words)
register.filter("audit_words", audit_words)
register.filter("loop_words", loop_words)
register.filter("problem_text", problem_text)
register.filter("problem_fix", problem_fix)
register.filter("problem_line", problem_line)
register.filter("quota_words", describe_quota)
register.filter("grant_words", describe_grant)
register.filter("day", write_day)
register.filter("moment", write_moment)
register.filter("second", write_second)
register.filter("scope_words", describe_scope)


@cache
def symbols(sprite: str) -> frozenset[str]:
    """The names in one of our SVG sprites."""
    return frozenset(re.findall(r'<symbol id="([^"]+)"', (STATIC / sprite).read_text()))


@register.simple_tag
def icon(name: str, size: str = "", label: str = "") -> SafeString:
    """A Lucide icon of the sprite; `size` is "sm", "lg" or empty. Give a label only when no word stands beside it."""
    if name not in symbols("vendor/icons.svg"):
        raise template.TemplateSyntaxError(f"no icon {name!r}: add it to tools/icons.txt and run tools/vendor.py")
    return _use("icon", f"{address_of('vendor/icons.svg')}#{name}", size, str(label))


@register.simple_tag
def network_mark(network: str, size: str = "", label: str = "") -> SafeString:
    """The small one-colour mark of a network."""
    if network in CONNECTORS:
        return _use("mark", f"{address_of(f'networks/{network}/mark.svg')}#{network}", size, str(label))
    own = network if network in symbols("marks.svg") else "unknown"
    return _use("mark", f"{address_of('marks.svg')}#{own}", size, str(label))


@register.simple_tag
def network_styles() -> SafeString:
    """The networks' own clothes for previews: after css/previews.css, which they change."""
    addresses = (
        static(f"{name}/preview.css") for name, folder in list_static_folders() if (folder / "preview.css").exists()
    )
    return format_html_join("", '<link rel="stylesheet" href="{}">', ((address,) for address in addresses))


def initials_of(name: str) -> str:
    """What stands for a name where there is no picture."""
    words = re.findall(r"[^\W_]+", name)
    return "".join(word[0] for word in words[:2]).upper() or "?"


@register.filter
def tint_of(label: str) -> int:
    """Which of the seven colours a label has: by its name, so that it is the same everywhere and needs no choosing."""
    return crc32(str(label).encode()) % 7


@register.simple_tag
def channel_mark(channel: Any, size: str = "", label: bool = False) -> SafeString:
    """Which channel it is, the same everywhere: its picture or initials, with the network's mark in the corner.

    `channel` is a channel, or anything with its network, name and picture. Give a label where no name stands beside it.
    """
    name, picture = str(channel), web_address(channel.avatar_url)
    return render_channel_mark(channel.network, name, picture, size, label, get_language() or "")


@lru_cache(maxsize=2000)
def render_channel_mark(network: str, name: str, picture: str, size: str, label: bool, language: str) -> SafeString:
    """The mark as HTML, in the entered language; remembered, because a page of cards shows few channels many times."""
    said = f"{name} · {network_name(network)}"
    # The initials stay below the picture: a server that does not answer leaves them in sight.
    shown = initials_of(name)
    image = format_html('<img src="{}" alt="" loading="lazy" referrerpolicy="no-referrer">', picture)
    return format_html(
        '<span class="avatar channel-mark{}" title="{}"{}>{}{}{}</span>',
        f" channel-mark-{size}" if size else "",
        said,
        format_html(' role="img" aria-label="{}"', said) if label else mark_safe(' aria-hidden="true"'),
        shown,
        image if picture else "",
        network_mark(network),
    )


@cache
def address_of(sprite: str) -> str:
    """Where a sprite is served; asked for dozens of times by every page."""
    return static(sprite)


@lru_cache(maxsize=2000)
def _use(kind: str, href: str, size: str, label: str) -> SafeString:
    classes = f"{kind} {kind}-{size}" if size else kind
    if label:
        return format_html(
            '<svg class="{}" role="img" aria-label="{}"><use href="{}"></use></svg>', classes, label, href
        )
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}"></use></svg>', classes, href)


@register.simple_tag
def post_url(slug: str, post_id: Any) -> str:
    """The address of a post's page."""
    return post_address(slug, post_id)


@register.filter
def at_handle(handle: str) -> str:
    """A handle with one sign before it, as networks write it; its server in its own script."""
    name, at, host = handle.removeprefix("@").partition("@")
    return f"@{name}{at}{show_host(host)}" if name else ""


@register.filter
def network_name(network: str) -> str:
    """The name that people know a network by."""
    connector = CONNECTORS.get(network)
    return name_in_language(connector.info.name) if connector else network


@register.filter
def app_words(message: str) -> str:
    """What a network says of the developer app that it asks for; a message id of its folder."""
    return gettext(message) if message else ""


@register.filter
def listed(words: Iterable[str]) -> str:
    """Words one after the other, as the reader's language writes a list."""
    pattern = pgettext("words of a list", "%(before)s, %(next)s")
    return reduce(lambda before, word: pattern % {"before": before, "next": word} if before else word, words, "")


# The four states: what it looks like and what it is called. Finer words (a delivery's state) keep the same four looks.
STATES: dict[str, tuple[str, str, Any]] = {
    "idea": ("planned", "lightbulb", _("Idea")),
    "draft": ("planned", "pencil-line", _("Draft")),
    "planned": ("planned", "calendar-clock", _("Scheduled")),
    "scheduled": ("planned", "calendar-clock", _("Scheduled")),
    "underway": ("underway", "loader", pgettext_lazy("state of a post", "Under way")),
    "sending": ("underway", "send", _("Being sent")),
    "processing": ("underway", "hourglass", _("The network is working on it")),
    "waiting": ("underway", "clock", _("Waiting")),
    "uncertain": ("underway", "search", _("Being checked")),
    "done": ("done", "check-check", _("Sent")),
    "sent": ("done", "check-check", _("Sent")),
    "ok": ("done", "circle-check", _("Working")),
    "needs": ("needs", "octagon-alert", _("Needs you")),
    "failed": ("needs", "octagon-alert", _("Failed")),
    "missed": ("needs", "timer", _("Missed")),
    "reconnect": ("needs", "unplug", _("Needs reconnecting")),
    "unreachable": ("underway", "wifi-off", _("Does not answer")),
    "cancelled": ("", "ban", _("Cancelled")),
    "disconnected": ("", "unplug", _("Disconnected")),
    "paused": ("underway", "circle-pause", _("Paused")),
}


@register.inclusion_tag("components/state.html")
def state(name: str, word: str = "") -> dict[str, Any]:
    """A state as icon and word. `word` replaces the usual one."""
    look, symbol, usual = STATES.get(name, ("", "circle", name))
    return {"look": look, "symbol": symbol, "word": word or usual}


@register.inclusion_tag("components/field.html")
def field(bound: BoundField, **extra: Any) -> dict[str, Any]:
    """A form field: label, control, help, errors. Pass `inline=True` for a box before its label, `switch=True` too."""
    widget = bound.field.widget
    if isinstance(widget, Textarea) or getattr(widget, "input_type", "") in ("text", "search"):
        widget.attrs.setdefault("dir", "auto")  # Hebrew or Arabic begins on the right while it is typed
    if extra.get("switch"):
        widget.attrs["class"] = "switch"
        widget.attrs["role"] = "switch"
    return {
        "field": bound,
        "inline": isinstance(widget, CheckboxInput),
        # A list to choose from always has something chosen.
        "optional": not bound.field.required and not isinstance(widget, CheckboxInput | Select),
        "hidden": bound.is_hidden,
        **extra,
    }


@register.simple_tag
def chosen_id() -> SafeString:
    """The id of what a form will make, chosen before it is sent: sent twice, it makes one thing."""
    return format_html('<input type="hidden" name="id" value="{}" autocomplete="off" data-chosen-id>', new_id())


@register.simple_tag
def date_field(kind: Kind, field_id: str, **fields: Any) -> SafeString:
    """A field for a day, a time, or a moment (both), in the workspace's format: `web.date_field`."""
    return render_date_field(kind, field_id, **fields)


@register.inclusion_tag("components/form_errors.html")
def form_errors(form: Any) -> dict[str, Any]:
    """What is wrong with a form as a whole, and with fields that nobody sees."""
    hidden = [error for each in form.hidden_fields() for error in each.errors] if form else []
    return {"errors": [*form.non_field_errors(), *hidden] if form else []}


@register.inclusion_tag("components/problems.html")
def problems(found: Any) -> dict[str, Any]:
    """Problems as notices, one below the other."""
    return {"problems": [found] if hasattr(found, "code") or isinstance(found, dict) else found}


@register.inclusion_tag("components/avatar.html")
def avatar(name: str, picture: str = "", size: str = "", square: bool = False) -> dict[str, Any]:
    """A person's or workspace's picture, or initials. A channel has `channel_mark`."""
    return {"initials": initials_of(str(name)), "picture": web_address(picture), "size": size, "square": square}


@register.inclusion_tag("components/flashes.html", takes_context=True)
def flash_messages(context: dict[str, Any]) -> dict[str, Any]:
    """The messages of this response."""
    request: HttpRequest | None = context.get("request")
    shown = flashes.pending(request) if request is not None and hasattr(request, "_messages") else []
    return {"flashes": shown, "csrf_token": context.get("csrf_token")}


@register.inclusion_tag("components/empty.html")
def empty(symbol: str, title: str, text: str = "", href: str = "", word: str = "") -> dict[str, Any]:
    """An empty place: what will be here, and the first step."""
    return {"symbol": symbol, "title": title, "text": text, "href": href, "word": word}
