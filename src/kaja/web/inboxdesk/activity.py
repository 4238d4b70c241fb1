"""Who likes, shares, quotes and follows: the page, its list, and what it calls things."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import npgettext, pgettext_lazy
from django.views.decorators.http import require_safe

from kaja.inbox.models import Reaction, ReactionKind
from kaja.inbox.reactions.queries import (
    Doing,
    ReactionFilters,
    find_posts,
    list_posts_with_reactions,
    list_told,
    page_reactions,
)
from kaja.kernel.clock import now
from kaja.kernel.pages import Page
from kaja.publishing.choices import Choice
from kaja.web.dates import write_full_day
from kaja.web.inbox.lists import choices_of
from kaja.web.inbox.words import REACTION_ICONS
from kaja.web.kit.filters import Filter
from kaja.web.kit.listing import Asked, Empty, Listing
from kaja.web.workspace import WorkspaceRequest, render_page, workspace_view

Row = dict[str, Any]
DAYS = 14
"""So many days can be chosen from."""


def describe_doing(doing: Doing) -> str:
    """What one person does on one channel, without its name."""
    count = {"count": doing.count}
    match doing.kind:
        case ReactionKind.LIKE:
            return npgettext("one person", "likes %(count)s post", "likes %(count)s posts", doing.count) % count
        case ReactionKind.REPOST:
            return npgettext("one person", "shared %(count)s post", "shared %(count)s posts", doing.count) % count
        case ReactionKind.QUOTE:
            said = npgettext("one person", "quoted us %(count)s time", "quoted us %(count)s times", doing.count)
            return said % count
        case _:
            return str(pgettext_lazy("one person", "follows"))


def _list_days() -> list[date]:
    today = timezone.localtime(now()).date()
    return [today - timedelta(days=ago) for ago in range(DAYS)]


def _choices(request: WorkspaceRequest) -> Mapping[str, Sequence[Choice]]:
    return {
        "kind": [Choice(value, str(word)) for value, word in ReactionKind.choices],
        "channel": [replace(each, avatar_url="") for each in choices_of(request).channel],
        "post": [Choice(str(post_id), text) for post_id, text in list_posts_with_reactions()],
        "day": [Choice(day.isoformat(), write_full_day(day)) for day in _list_days()],
    }


def _rows(asked: Asked) -> Page[Row]:
    chosen = asked.chosen
    since: datetime | None = None
    if day := chosen.get("day"):
        since = timezone.make_aware(datetime.combine(date.fromisoformat(day), time()))
    filters = ReactionFilters(
        kinds=frozenset({chosen["kind"]} if "kind" in chosen else ()),
        channel_ids=frozenset({UUID(chosen["channel"])} if "channel" in chosen else ()),
        post=UUID(chosen["post"]) if "post" in chosen else None,
        since=since,
        until=_end_of(since) if since else None,
    )
    page = page_reactions(filters, asked.cursor, asked.limit)
    posts = find_posts(page.rows)
    return page.map(
        lambda rows: [
            {
                "reaction": each,
                "icon": REACTION_ICONS[ReactionKind(each.kind)],
                "post": posts.get((each.channel_id, each.post_ref)),
                "first": _is_first(each),
            }
            for each in rows
        ]
    )


def _end_of(begin: datetime) -> datetime:
    """The next midnight, on the workspace's clock."""
    day = timezone.localtime(begin).date() + timedelta(days=1)
    return timezone.make_aware(datetime.combine(day, time()))


def _is_first(reaction: Reaction) -> bool:
    """Whether a follower was never heard of before."""
    return reaction.kind == ReactionKind.FOLLOW and reaction.is_there and reaction.handle.first_at >= reaction.at


ACTIVITY: Listing[Row] = Listing(
    "activity",
    _rows,
    Empty(
        "heart",
        _("Nobody has liked, shared or followed yet"),
        _(
            "Who likes, shares or quotes your posts and who follows your channels appears here within a minute. None "
            "of it waits for an answer, and none of it is counted as one."
        ),
    ),
    filters=(
        Filter("kind", _("Kind"), "heart", _("Activity of every kind")),
        Filter("channel", _("Channel"), "radio-tower", _("Activity on all channels")),
        Filter("post", _("Post"), "file-text", _("Activity around all posts")),
        Filter("day", _("Day"), "calendar", _("Activity of all days")),
    ),
    choices=_choices,
    unmatched=Empty("heart", _("Nothing of this kind."), _("Take a filter away to see more.")),
    newest_first=True,
)


@require_safe
@workspace_view()
def index(request: WorkspaceRequest) -> HttpResponse:
    """All of it, the newest first; and what each network tells."""
    return render_page(request, "inboxdesk/activity.html", {"shown": ACTIVITY.read(request), "told": list_told()})
