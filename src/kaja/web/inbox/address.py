"""What the address of the inbox asks for: a view, filters, words; and the addresses of other ones."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kaja.inbox.models import WORKED, ConversationKind, ConversationState, Priority
from kaja.inbox.queries import DUE_WITHIN, Filters

LONGEST = 200
"""Signs of words that are searched for."""


@dataclass(frozen=True)
class View:
    """A view that every inbox has; `name` is its place in the address."""

    name: str
    word: Any
    icon: str
    filters: Filters


def _of(*states: str, **more: Any) -> Filters:
    return replace(Filters(), states=frozenset(states), **more)


VIEWS = (
    View("todo", _("To do"), "inbox", _of(*WORKED)),
    View("mine", _("Mine"), "user", _of(*WORKED, assignee="me")),
    View("nobody", _("Nobody's"), "circle-dashed", _of(*WORKED, assignee="nobody")),
    View("waiting", _("Waiting for them"), "hourglass", _of(ConversationState.WAITING)),
    View("snoozed", _("Snoozed"), "timer", _of(*WORKED, ConversationState.WAITING, snoozed=True)),
    View("done", pgettext_lazy("conversation", "Done"), "check", _of(ConversationState.DONE)),
    View("spam", pgettext_lazy("conversation", "Spam"), "ban", _of(ConversationState.SPAM)),
    View("all", pgettext_lazy("conversations", "All"), "messages-square", _of()),
)
BY_NAME = {view.name: view for view in VIEWS}
USUAL = "todo"
FILTERS = ("due", "channel", "kind", "assignee", "label", "priority", "language", "sort")
KEPT = ("view", "q", "saved", "waiting", "post", "person", *FILTERS)
"""What of an address makes the list what it is; the place in it (`after`) is not of it."""


BY_DUE = "due"
"""The order in which what is due first stands first; the usual one has no word in the address."""
_PRIORITIES = frozenset(str(value) for value in Priority.values)


def view_of(given: Mapping[str, str]) -> View:
    """The view that is asked for, else the usual one; words are searched for in all of them."""
    name = given.get("view", "")
    return BY_NAME.get(name) or BY_NAME["all" if given.get("q") or given.get("post") or given.get("person") else USUAL]


def filters_of(given: Mapping[str, str], chosen: Mapping[str, str]) -> Filters:
    """What the list shows; `chosen` are the values of menus that are known to be some."""
    filters = view_of(given).filters
    changes: dict[str, Any] = {"text": given.get("q", "").strip()[:LONGEST]}
    if channel := _id(chosen.get("channel", "")):
        changes["channel_ids"] = frozenset({channel})
    if kind := chosen.get("kind"):
        changes["kinds"] = frozenset({kind})
    if assignee := chosen.get("assignee"):
        changes["assignee"] = assignee if assignee in ("me", "nobody") else _id(assignee)
    if label := chosen.get("label"):
        changes["labels"] = frozenset({label})
    if (priority := chosen.get("priority", "")) in _PRIORITIES:
        changes["priority"] = int(priority)
    if (due := chosen.get("due")) in DUE_WITHIN:
        changes["due"] = due
    if chosen.get("sort") == BY_DUE:
        changes["due_first"] = True
    if language := chosen.get("language"):
        changes["language"] = language
    if given.get("waiting") == "1":
        changes["waiting"] = True
    for name in ("post", "person"):
        if value := _id(given.get(name, "")):
            changes[name] = value
    return replace(filters, **changes)


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def query_of(given: QueryDict) -> dict[str, str]:
    """What of an address makes the list, without empty values and strangers."""
    return {name: value for name in KEPT if (value := given.get(name, ""))}


def list_address(slug: str, query: Mapping[str, str], **changes: str) -> str:
    """The address of the list with these filters."""
    return _with(reverse("inbox:list", args=[slug]), {**query, **changes})


def conversation_address(slug: str, conversation_id: UUID, query: Mapping[str, str] | None = None) -> str:
    """The address of a conversation beside the list with these filters."""
    return _with(reverse("inbox:conversation", args=[slug, conversation_id]), query or {})


def _with(path: str, query: Mapping[str, str]) -> str:
    kept = {name: value for name, value in query.items() if value}
    return f"{path}?{urlencode(kept)}" if kept else path


KIND_ICONS = {
    ConversationKind.COMMENTS: "message-circle",
    ConversationKind.MENTION: "at-sign",
    ConversationKind.DIRECT: "mail",
    ConversationKind.REVIEW: "star",
}
