"""Private replies, and what became of each person."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from kaja.inbox.models import PrivateReply
from kaja.inbox.privately.conditions import Wanted
from kaja.inbox.privately.forms import Limits, Said
from kaja.inbox.privately.models import SendingState
from kaja.inbox.privately.queries import list_counted_private, list_private, page_sendings
from kaja.inbox.targets.queries import list_targets
from kaja.kernel.pages import Page
from kaja.publishing.choices import Choice, list_choices
from kaja.web.inbox.people import shown_name
from kaja.web.inboxdesk.words import describe_span
from kaja.web.kit.filters import Filter
from kaja.web.kit.listing import Asked, Empty, Listing
from kaja.web.workspace import WorkspaceRequest

Row = dict[str, Any]


def _replies(_asked: Asked) -> Page[Row]:
    rows = list_counted_private()
    channels = {choice.value: choice.name for choice in list_choices().channel} if rows else {}
    hours = {str(target.id): target.name for target in list_targets()} if rows else {}
    return Page([{"counted": row, "words": _describe(row.reply, channels, hours)} for row in rows])


def _describe(row: PrivateReply, channels: Mapping[str, str], hours: Mapping[str, str]) -> list[tuple[Any, str]]:
    wanted, said = Wanted.model_validate(row.wanted), Said.model_validate(row.said)
    limits = Limits.model_validate(row.limits)
    places = [channels[str(each)] for each in wanted.channel_ids if str(each) in channels]
    words: list[tuple[Any, str]] = []
    if places:
        words.append((_("All posts of"), ", ".join(places)))
    if wanted.publication_ids:
        words.append((_("Single posts"), str(len(wanted.publication_ids))))
    if wanted.words:
        words.append((_("Says one of"), ", ".join(wanted.words)))
    if wanted.pattern:
        words.append((_("Pattern"), wanted.pattern))
    words.append((_("In private"), said.text))
    if said.public:
        words.append((_("Below the comment, one of"), " · ".join(said.public)))
    words.append((_("After"), f"{describe_span(limits.pause_least)} – {describe_span(limits.pause_most)}"))
    words.append((_("In a day at most"), str(limits.daily)))
    if limits.target:
        words.append((_("In the hours of"), hours.get(str(limits.target), "…")))
    return words


PRIVATE: Listing[Row] = Listing(
    "private",
    _replies,  # 50 at most: they stand on one page
    Empty(
        "mail",
        _("No private reply yet"),
        _(
            "Somebody writes “price” below a post, and gets the prices in private: once, after a pause, and not when a "
            "person of the team has answered. It is tried on what came in before."
        ),
    ),
)


def _choices(_request: WorkspaceRequest) -> Mapping[str, Sequence[Choice]]:
    return {
        "reply": [Choice(str(row.id), row.name) for row in list_private()],
        "state": [Choice(str(state.value), str(state.label)) for state in SendingState],
    }


def _sendings(asked: Asked) -> Page[Row]:
    reply, state = asked.chosen.get("reply", ""), asked.chosen.get("state", "")
    page = page_sendings(
        asked.cursor, asked.limit, UUID(reply) if reply else None, SendingState(state) if state else None
    )
    return page.map(lambda lines: [{"line": line, "who": shown_name(line.sending.handle)} for line in lines])


SENDINGS: Listing[Row] = Listing(
    "sendings",
    _sendings,
    Empty("history", _("Nobody has asked for one yet."), _("Everybody who asks for a private reply is listed here.")),
    filters=(
        Filter("reply", _("Private reply"), "mail", _("Show all private replies again")),
        Filter("state", _("How it stands"), "check", _("Show people of all states again")),
    ),
    choices=_choices,
    unmatched=Empty("history", _("There is nobody like that.")),
    newest_first=True,
)
