"""The list of conversations, the views above it, and what is said of how complete it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import get_language_info, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from kaja.channels.models import Channel
from kaja.channels.queries import list_channel_ids
from kaja.inbox.models import Conversation, ConversationKind, Priority, SavedView
from kaja.inbox.queries import StreamStanding, count_conversations, has_conversations, list_streams, page_conversations
from kaja.inbox.views import list_views
from kaja.kernel import clock
from kaja.networks.registry import CONNECTORS
from kaja.publishing.choices import Choice, Choices, list_choices
from kaja.web.inbox.address import BY_DUE, VIEWS, View, filters_of, list_address, query_of, view_of
from kaja.web.kit.filters import Filter
from kaja.web.kit.listing import Empty, Listing, Shown
from kaja.web.workspace import WorkspaceRequest

BEHIND = timedelta(minutes=10)
"""A stream that is complete until then is as good as complete: it is asked every few minutes."""


def choices_of(request: WorkspaceRequest) -> Choices:
    """Channels, labels and people of the workspace; asked for once for a page."""
    known: Choices | None = getattr(request, "inbox_choices", None)
    if known is None:
        known = list_choices()
        request.inbox_choices = known  # type: ignore[attr-defined]
    return known


def _choices(request: WorkspaceRequest) -> Mapping[str, Sequence[Choice]]:
    known = choices_of(request)
    people = [Choice("me", str(_("Me"))), Choice("nobody", str(_("Nobody")))]
    return {
        "due": [Choice(value, str(word)) for value, word in DUE.items()],
        "sort": [Choice(BY_DUE, str(_("What is due first")))],
        # Without their pictures, which stand outside: initials and the network's mark tell them apart.
        "channel": [replace(each, avatar_url="") for each in known.channel],
        "kind": [Choice(value, str(word)) for value, word in ConversationKind.choices],
        "assignee": people + [each for each in known.owner if each.value != str(request.user.pk)],
        "label": known.label,
        "priority": [Choice(str(value), str(word)) for value, word in reversed(Priority.choices)],
        "language": [
            Choice(code, get_language_info(code)["name_translated"].capitalize()) for code, _name in settings.LANGUAGES
        ],
    }


DUE = {"late": _("Late already"), "hour": _("Due within an hour"), "day": _("Due within a day")}
FILTERS = (
    Filter("due", pgettext_lazy("when an answer is promised", "Due"), "timer", _("Conversations due at any time")),
    Filter("channel", _("Channel"), "radio-tower", _("Conversations of all channels")),
    Filter("kind", _("Kind"), "message-circle", _("Conversations of every kind")),
    Filter("assignee", _("Given to"), "user", _("Conversations of everybody")),
    Filter("label", _("Label"), "tag", _("Conversations with any label")),
    Filter("priority", _("Priority"), "flag", _("Conversations of any priority")),
    Filter("language", _("Language"), "languages", _("Conversations in any language")),
    Filter("sort", _("Order"), "arrow-down", _("The newest first again")),
)
DONE = Empty(
    "circle-check",
    _("All done"),
    _("Nobody waits for you here. What comes in next appears by itself."),
)
NOTHING_HERE = Empty("inbox", _("Nothing here"), _("No conversation of this view."), "inbox:list", _("To do"))
NO_CHANNEL = Empty(
    "plug",
    _("No channel is connected yet"),
    _("Comments, mentions and messages of your channels come together here, to be answered from one place."),
    "channels:connect",
    _("Connect a channel"),
)
NOTHING_YET = Empty(
    "inbox",
    _("Nobody has written yet"),
    _(
        "Comments, mentions and messages appear here within a minute. To practise before that, let the invented "
        "audience of the practice network write to you."
    ),
)
ONLY_PRACTICE = Empty(
    "inbox",
    _("Nobody has written yet"),
    _(
        "Only the practice network is connected here. Let invented people write to you: choose how they are, and what "
        "they write appears within seconds."
    ),
)
CONVERSATIONS: Listing[Conversation] = Listing(
    "conversations",
    lambda asked: page_conversations(
        filters_of(asked.request.GET, asked.chosen), asked.request.user.pk, asked.cursor, asked.limit
    ),
    DONE,
    filters=FILTERS,
    choices=_choices,
    unmatched=Empty("search", _("Nothing found"), _("No conversation is like that.")),
    newest_first=True,
    selects=True,
)


@dataclass(frozen=True)
class ShownView:
    """A view above the list, with how much is in it."""

    word: Any
    icon: str
    href: str
    count: int
    current: bool
    saved: SavedView | None = None


@dataclass(frozen=True)
class ShownViews:
    """The first few stand in a row; the others open below a button."""

    first: Sequence[ShownView]
    others: Sequence[ShownView]
    current: ShownView | None


FIRST = 3


def read_views(request: WorkspaceRequest) -> ShownViews:
    """Every view with its count: one question for the saved ones, one for all counts."""
    saved = list_views(request.user.pk)
    filters = [view.filters for view in VIEWS] + [filters_of(each.query, each.query) for each in saved]
    return _draw_views(request, saved, count_conversations(filters, request.user.pk))


def list_views_plain(request: WorkspaceRequest) -> ShownViews:
    """The views that every inbox has, without their counts: no question."""
    return _draw_views(request, (), [0] * len(VIEWS))


def _draw_views(request: WorkspaceRequest, saved: Sequence[SavedView], counts: Sequence[int]) -> ShownViews:
    query, slug = query_of(request.GET), request.workspace.slug
    chosen = query.get("saved", "")
    shown = [_built_in(view, slug, query, count, chosen) for view, count in zip(VIEWS, counts, strict=False)]
    for each, count in zip(saved, counts[len(VIEWS) :], strict=True):
        href = list_address(slug, {**each.query, "saved": str(each.id)})
        shown.append(ShownView(each.name, "star", href, count, chosen == str(each.id), each))
    current = next((each for each in shown if each.current), None)
    return ShownViews(shown[:FIRST], shown[FIRST:], current)


def _built_in(view: View, slug: str, query: Mapping[str, str], count: int, saved: str) -> ShownView:
    # Only what leads to the view: filters are of the list that somebody looks at now.
    current = not saved and view_of(query).name == view.name and not (query.get("post") or query.get("person"))
    return ShownView(view.word, view.icon, list_address(slug, {"view": view.name}), count, current)


@dataclass(frozen=True)
class Behind:
    """A stream that is not complete, and why."""

    channel: Channel
    until: datetime | None
    problem: Any


@dataclass(frozen=True)
class Completeness:
    """How far the list can be trusted: what is behind, what is still being fetched, how far back it reaches."""

    behind: Sequence[Behind]
    fetching: Sequence[StreamStanding]
    reaches_back: Sequence[tuple[Channel, datetime]]


def read_completeness() -> Completeness:
    """One question; a channel stands once, with the stream that is worst."""
    behind: dict[Any, Behind] = {}
    fetching: dict[Any, StreamStanding] = {}
    back: dict[Any, tuple[Channel, datetime]] = {}
    for each in list_streams():
        key = each.channel.id
        late = each.complete_until is not None and each.complete_until < clock.now() - BEHIND
        if each.problem or (late and not each.backlog):
            held = behind.get(key)
            until = min(filter(None, (held.until if held else None, each.complete_until)), default=None)
            behind[key] = Behind(each.channel, until, each.problem or (held.problem if held else None))
        if each.backlog:
            fetching[key] = each
        if each.reaches_back is not None:
            known = back.get(key)
            back[key] = (each.channel, max(each.reaches_back, known[1]) if known else each.reaches_back)
    return Completeness(list(behind.values()), list(fetching.values()), list(back.values()))


def read_list(request: WorkspaceRequest) -> Shown[Conversation]:
    """The page of the list that the address asks for, and what stands where it is empty."""
    at = reverse("inbox:list", args=[request.workspace.slug])
    shown = CONVERSATIONS.read(request, at=at)
    if shown.rows or shown.clear or request.GET.get("after"):
        return shown
    return CONVERSATIONS.read(request, at=at, empty=_empty_of(request))


def _empty_of(request: WorkspaceRequest) -> Empty:
    if not list_channel_ids():
        return NO_CHANNEL
    if not has_conversations():
        return ONLY_PRACTICE if _is_practice_only(request) else NOTHING_YET
    if request.GET.get("q"):
        return Empty("search", pgettext_lazy("conversations", "Nothing found"), _("No conversation has these words."))
    return DONE if view_of(request.GET).name in ("todo", "mine", "nobody") else NOTHING_HERE


def _is_practice_only(request: WorkspaceRequest) -> bool:
    connectors = [CONNECTORS.get(each.network) for each in choices_of(request).channel]
    return bool(connectors) and all(connector and connector.info.practice for connector in connectors)


def find_audience(shown: Shown[Conversation]) -> str:
    """Where invented people are let loose, where the list is empty because only they could write; else nothing."""
    return f"{settings.PRACTICE_URL}/audience" if shown.empty == ONLY_PRACTICE and not shown.rows else ""
