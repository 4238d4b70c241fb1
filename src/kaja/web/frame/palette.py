"""What the palette finds: pages, posts, channels, people, actions."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from kaja.channels.models import Channel
from kaja.channels.queries import find_channels
from kaja.content.models import PostState
from kaja.content.queries import list_active_variants, list_found
from kaja.inbox.queries import Filters, page_conversations
from kaja.publishing.queries import standings_of_posts
from kaja.web.calendar.cards import look_of
from kaja.web.dates import write_moment
from kaja.web.frame.navigation import COMPOSE, list_destinations, post_address
from kaja.web.inbox.people import shown_name
from kaja.web.kit.page import address
from kaja.web.media.addresses import thumbnail_of
from kaja.web.workspace import WorkspaceRequest
from kaja.workspaces.policy import Permission, can
from kaja.workspaces.queries import find_members

MOST = 6


@dataclass(frozen=True)
class Hit:
    """One line of the palette. A post has a state, its channels, and a picture where there is one."""

    label: str
    href: str
    icon: str = ""
    note: str = ""
    state: str = ""
    channels: Sequence[Channel] = ()
    picture: str = ""
    channel: Channel | None = None
    keys: str = ""


def find(request: WorkspaceRequest, query: str) -> list[tuple[str, list[Hit]]]:
    """Groups of hits, best kind first; without a query, the pages and actions. Runs inside the scope."""
    query = query.strip()[:100]
    groups = [(_("Actions"), _actions(request, query)), (_("Pages"), _pages(request, query))]
    if query:
        groups += [
            (_("Posts"), _posts(request, query)),
            (_("Channels"), _channels(request, query)),
            (_("Conversations"), _conversations(request, query)),
            (_("People"), _people(request, query)),
        ]
    return [(name, hits) for name, hits in groups if hits]


def _matching(hits: list[Hit], query: str) -> list[Hit]:
    words = query.casefold().split()
    return [hit for hit in hits if hit.href and all(word in hit.label.casefold() for word in words)]


def _actions(request: WorkspaceRequest, query: str) -> list[Hit]:
    slug = request.workspace.slug
    hits = []
    if can(request.actor, Permission.WRITE):
        hits.append(Hit(_("Write a new post"), address(COMPOSE, slug), "pencil-line", keys="c"))
    if can(request.actor, Permission.CHANNELS):
        hits.append(Hit(_("Connect a channel"), address("channels:connect", slug), "plug"))
    if can(request.actor, Permission.MANAGE):
        hits.append(Hit(_("Invite a person"), address("settings:members", slug), "user-plus"))
        pause = _("Resume sending") if request.workspace.paused_at else _("Pause everything")
        hits.append(Hit(pause, address("settings:workspace", slug) + "#pause", "circle-pause"))
    hits.append(Hit(_("Change language or theme"), address("settings:profile", slug), "languages"))
    return _matching(hits, query)


def _pages(request: WorkspaceRequest, query: str) -> list[Hit]:
    slug = request.workspace.slug
    hits = [
        Hit(str(place["label"]), place["href"], place["icon"], keys=f"g {place['key']}" if place["key"] else "")
        for place in list_destinations(slug, "")
    ]
    further = [
        (_("Members"), "settings:members", "users"),
        (_("Your profile"), "settings:profile", "user"),
        (_("Security"), "settings:security", "shield"),
        (_("Audit log"), "settings:audit", "scroll-text"),
        (_("API tokens"), "settings:tokens", "key-round"),
    ]
    hits += [Hit(label, address(name, slug), icon) for label, name, icon in further]
    return _matching(hits, query)


def _posts(request: WorkspaceRequest, query: str) -> list[Hit]:
    found = list_found(query, MOST)
    standings = standings_of_posts([post.id for post in found])
    slug = request.workspace.slug
    return [
        Hit(
            post.summary or _("Without text"),
            post_address(slug, post.id),
            "file-text",
            write_moment(post.due_at),
            state=post.state if post.state == PostState.IDEA else look_of(post.state, standings.get(post.id)),
            channels=[variant.channel for variant in list_active_variants(post)],
            picture=thumbnail_of(slug, post),
        )
        for post in found
    ]


def _channels(request: WorkspaceRequest, query: str) -> list[Hit]:
    found = find_channels(query, MOST)
    return [
        Hit(
            str(channel),
            reverse("channels:page", args=[request.workspace.slug, channel.id]),
            note=channel.handle,
            channel=channel,
        )
        for channel in found
    ]


def _conversations(request: WorkspaceRequest, query: str) -> list[Hit]:
    found = page_conversations(Filters(text=query), request.user.pk, limit=MOST).rows
    slug = request.workspace.slug
    return [
        Hit(
            shown_name(each.handle),
            reverse("inbox:conversation", args=[slug, each.id]),
            note=each.excerpt[:60],
            channel=each.channel,
        )
        for each in found
    ]


def _people(request: WorkspaceRequest, query: str) -> list[Hit]:
    found = find_members(query, MOST)
    return [
        Hit(
            str(member.user),
            reverse("settings:members", args=[request.workspace.slug]),
            "user",
            note=member.get_role_display(),
        )
        for member in found
    ]
