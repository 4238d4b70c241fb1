"""Rows of the inbox's list, drawn once for all pages that show the same list in the same language."""

from collections.abc import Collection, Hashable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, QueryDict
from django.template.loader import render_to_string
from django.utils import timezone, translation

from kaja.inbox.live import CONVERSATION
from kaja.inbox.queries import list_chosen
from kaja.kernel.tenancy import workspace_scope
from kaja.web.dates import written_as
from kaja.web.inbox.address import filters_of, query_of
from kaja.workspaces.models import Member, User
from kaja.workspaces.queries import get_workspace


@dataclass(frozen=True)
class ListView:
    """`user_id` only where the list differs from person to person."""

    workspace_id: UUID
    language: str
    query: tuple[tuple[str, str], ...]
    user_id: UUID | None


class InboxFeed:
    """See `kaja.web.feeds.Feed`. What is drawn is what `page.rows` draws for ids."""

    topic = CONVERSATION

    def find_view(self, request: HttpRequest, member: Member, given: str) -> Hashable:
        """`given`: the query string of the list."""
        user = cast(User, request.user)
        query = query_of(QueryDict(given))
        mine = filters_of(query, query).assignee == "me"
        language = user.language or member.workspace.language
        return ListView(member.workspace_id, language, tuple(sorted(query.items())), user.pk if mine else None)

    def draw(self, view: Hashable, ids: Collection[UUID]) -> str:
        """The rows of those that the list has."""
        assert isinstance(view, ListView)
        query = dict(view.query)
        with workspace_scope(view.workspace_id):
            workspace = get_workspace()
            # Nobody is `me` where the list is everybody's.
            found = list_chosen(filters_of(query, query), view.user_id or view.workspace_id, ids)
        context = {"found": found, "query": query, "request": SimpleNamespace(workspace=workspace)}
        zone = ZoneInfo(workspace.time_zone)
        with timezone.override(zone), translation.override(view.language), written_as(workspace):
            return render_to_string("inbox/found.html", context)
