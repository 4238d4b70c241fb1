"""The board: quick notes come in on the left, posts go on to the right."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpResponse, HttpResponseRedirect, JsonResponse, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET, require_POST

from kaja.content import actions, queries
from kaja.content.document import Document, PartDocument
from kaja.content.models import Post, PostState
from kaja.kernel.problems import Problem, Refused, gettext_noop
from kaja.publishing import queries as deliveries
from kaja.web.composer.words import day_in_words
from kaja.web.flash import flash
from kaja.web.kit.json import json_answer, parse_json
from kaja.web.kit.page import zone_of
from kaja.web.media.addresses import thumbnail_of
from kaja.web.workspace import WorkspaceRequest, chosen_id, render_page, workspace_view
from kaja.workspaces.policy import Permission

STEP = 100
MOST = 1000
"""A column shows a step of cards, and a step more on request; beyond the most, the calendar's list is better."""


@dataclass(frozen=True)
class Card:
    """One post on the board."""

    post: Post
    thumbnail: str
    due: str
    standing: str
    labels: Sequence[str] = ()


@dataclass(frozen=True)
class Column:
    """A state; `movable` says that cards may be dropped there; `more` is the address that shows more of its cards."""

    state: str
    title: Any
    empty: Any
    movable: bool
    cards: Sequence[Card]
    total: int
    more: str

    @property
    def rest(self) -> int:
        """How many are not shown."""
        return self.total - len(self.cards)


TITLES = (
    (PostState.IDEA, gettext_lazy("Ideas"), gettext_lazy("A word is enough. Write it above and press Enter."), True),
    (PostState.DRAFT, gettext_lazy("Drafts"), gettext_lazy("Move an idea here when you begin to write."), True),
    (
        PostState.SCHEDULED,
        pgettext_lazy("title of a column", "Scheduled"),
        gettext_lazy("What has a time stays here until it is sent."),
        False,
    ),
)


def list_columns(slug: str, zone: ZoneInfo, wanted: QueryDict) -> list[Column]:
    """The three columns; `wanted` says how many cards of a column are shown (`?idea=200`). What was sent everywhere has
    left the board."""
    columns = []
    for state, title, empty, movable in TITLES:
        shown = _shown(wanted.get(state, ""))
        planned = state == PostState.SCHEDULED
        posts, total = deliveries.list_unsent(shown) if planned else queries.list_board(state, shown)
        standings: dict[UUID, str] = {}
        if planned:
            states = deliveries.delivery_states_of([post.id for post in posts])
            standings = {post_id: deliveries.standing_of_post(found) for post_id, found in states.items()}
        cards = [
            Card(
                post,
                thumbnail_of(slug, post),
                day_in_words(post.due_at, zone) if post.due_at else "",
                standings.get(post.id, ""),
                queries.list_labels_of(post),
            )
            for post in posts
        ]
        columns.append(Column(state, title, empty, movable, cards, total, _more(wanted, state, shown)))
    return columns


def _shown(asked: str) -> int:
    return min(max(int(asked), STEP), MOST) if asked.isascii() and asked.isdecimal() and len(asked) < 6 else STEP


def _more(wanted: QueryDict, state: str, shown: int) -> str:
    """The address with a step more of one column, or nothing at the end."""
    if shown >= MOST:
        return ""
    query = wanted.copy()
    query[state] = str(shown + STEP)
    return f"?{query.urlencode()}#column-{state}"


@require_GET
@workspace_view()
def board(request: WorkspaceRequest) -> HttpResponse:
    """The board."""
    columns = list_columns(request.workspace.slug, zone_of(request), request.GET)
    return render_page(request, "ideas/board.html", {"columns": columns, "none": not any(c.cards for c in columns)})


@require_POST
@workspace_view(Permission.WRITE)
def add(request: WorkspaceRequest) -> HttpResponse:
    """A new idea from one line of text; it comes first."""
    text = request.POST.get("text", "").strip()[:20_000]
    if not text:
        flash(request, _("Write a word or two first."), "info")
    else:
        document = Document(parts=(PartDocument(text=text),))
        actions.create_post(request.actor, document, state=PostState.IDEA, post_id=chosen_id(request), first=True)
    return HttpResponseRedirect(reverse("ideas:board", args=[request.workspace.slug]) + "#add")


@require_POST
@workspace_view(Permission.WRITE)
@json_answer
def move(request: WorkspaceRequest, post_id: UUID) -> JsonResponse:
    """Put a card behind another one (`after`, or first), in the column `state`."""
    asked = parse_json(request)
    state = asked.get("state")
    if state not in (PostState.IDEA, PostState.DRAFT):
        raise Refused(
            Problem(
                code="board_needs_time",
                message=gettext_noop("A post needs a time before it is scheduled; it stays where it was."),
                fix=gettext_noop("Open it and choose when it goes out."),
            )
        )
    after = asked.get("after")
    try:
        behind = UUID(after) if after else None
    except (TypeError, ValueError):
        behind = None
    actions.move_on_board(request.actor, post_id, behind, state)
    return JsonResponse({"moved": str(post_id)})
