"""The lists of the settings."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from kaja.api.models import Token
from kaja.api.tokens import page_tokens
from kaja.delivery.queries import Untold, list_untold
from kaja.kernel.loops import list_loops
from kaja.kernel.models import LoopRecord
from kaja.kernel.pages import Page
from kaja.outgoing.models import Endpoint
from kaja.outgoing.queries import page_endpoints, page_log
from kaja.publishing.choices import Choice, list_choices
from kaja.web.kit.filters import Filter
from kaja.web.kit.listing import Asked, Column, Empty, Listing
from kaja.web.settings.words import EVENT_WORDS, ROLE_WORDS, list_roles
from kaja.web.workspace import WorkspaceRequest
from kaja.workspaces.models import AuditEntry, Invitation, Member
from kaja.workspaces.queries import list_audit, list_members, list_open_invitations

Row = dict[str, Any]


def _audit(asked: Asked) -> Page[Row]:
    page = list_audit(asked.cursor, asked.limit, person=asked.chosen.get("person", ""))
    return page.map(lambda entries: [{"entry": entry, "changes": list_changes(entry)} for entry in entries])


def list_changes(entry: AuditEntry) -> list[tuple[str, object, object]]:
    """What an entry changed: name, before, after."""
    before, after = entry.before, entry.after
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return [(name, before.get(name, ""), after.get(name, "")) for name in names]


def _people(_request: WorkspaceRequest) -> Mapping[str, Sequence[Choice]]:
    return {"person": list_choices().owner}


AUDIT: Listing[Row] = Listing(
    "audit",
    _audit,
    Empty("scroll-text", _("Nothing has happened yet."), _("Changes by people and programs are listed here.")),
    columns=(Column(_("When")), Column(_("Who")), Column(_("What")), Column(_("Before and after"))),
    filters=(Filter("person", _("Person"), "user", _("Show everybody again")),),
    choices=_people,
    unmatched=Empty("scroll-text", _("Nothing here matches the filters.")),
    newest_first=True,
)


def _members(asked: Asked) -> Page[Row]:
    def describe(members: list[Member]) -> list[Row]:
        return [{"member": each, "roles": list_roles(each.role), "words": ROLE_WORDS[each.role]} for each in members]

    return list_members(asked.cursor, asked.limit).map(describe)


MEMBERS: Listing[Row] = Listing("members", _members, Empty("users", _("Nobody is here yet.")))
INVITATIONS: Listing[Invitation] = Listing(
    "invitations",
    lambda asked: list_open_invitations(asked.cursor, asked.limit),
    Empty("mail", _("No invitation is open.")),
    cursor="invitations-after",
)
TOKENS: Listing[Token] = Listing(
    "tokens",
    lambda asked: page_tokens(asked.request.actor, asked.cursor, asked.limit),
    Empty("key-round", _("There is none yet.")),
    newest_first=True,
)
LOOPS: Listing[LoopRecord] = Listing(
    "loops",
    lambda asked: Page(list_loops()),  # some dozen for each process, however many posts there are
    Empty("circle-pause", _("Nothing was reported in the last day: no worker is running.")),
    columns=(
        Column(_("What")),
        Column(_("State")),
        Column(_("Errors")),
        Column(_("Last error")),
        Column(_("Last went well")),
    ),
    cursor="loops-after",
)
UNTOLD: Listing[Untold] = Listing(
    "untold",
    lambda asked: list_untold(asked.cursor, asked.limit),
    Empty("circle-check", _("Everything was told.")),
    newest_first=True,
)


def _webhooks(asked: Asked) -> Page[Row]:
    def describe(rows: list[Endpoint]) -> list[Row]:
        return [
            {"endpoint": row, "words": [EVENT_WORDS[kind] for kind in row.kinds if kind in EVENT_WORDS]} for row in rows
        ]

    return page_endpoints(asked.cursor, asked.limit).map(describe)


WEBHOOKS: Listing[Row] = Listing(
    "webhooks",
    _webhooks,
    Empty(
        "send",
        _("No program is told of anything yet"),
        _(
            "A webhook tells a program of yours what happens here, within seconds: a new message, a late answer, "
            "a post."
        ),
    ),
)


def _log(asked: Asked) -> Page[Row]:
    page = page_log(asked.about["endpoint"], asked.cursor, asked.limit)
    return page.map(
        lambda rows: [
            {
                "sending": row.sending,
                "tries": row.tries,
                "last": row.last,
                "word": EVENT_WORDS.get(row.sending.event.kind),
            }
            for row in rows
        ]
    )


WEBHOOK_LOG: Listing[Row] = Listing(
    "webhook-log",
    _log,
    Empty("scroll-text", _("Nothing was told yet."), _("Send a test to see whether it arrives.")),
    columns=(Column(_("When")), Column(_("What")), Column(_("State")), Column(_("Answer")), Column("")),
    newest_first=True,
)
