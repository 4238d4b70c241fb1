"""Looking at what a channel's network has, for a workspace that is held. Called outside a scope."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from kaja.channels.models import Channel
from kaja.channels.queries import get_channel
from kaja.channels.sessions import facts_of, open_session, record_quota
from kaja.delivery.holds import UNDECIDED
from kaja.delivery.matching import Match, Wanted, match_posts
from kaja.delivery.models import Delivery, Inventory, Kind, Publication
from kaja.delivery.problems import CALL_BROKE, CREDENTIALS_LOCKED, DISCONNECTED, fill_params, render_problem
from kaja.delivery.sources import SOURCES, Words
from kaja.kernel.clock import now
from kaja.kernel.problems import Problem
from kaja.kernel.signals import notify_live
from kaja.kernel.tenancy import workspace_scope
from kaja.kernel.vault import VaultError
from kaja.networks.kit.http import Session, run_blocking
from kaja.networks.kit.results import Candidate, CannotTell, Listing
from kaja.networks.registry import CONNECTORS
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import Held, Workspace
from kaja.workspaces.outside import TooMuchAtOnce, ask_outside

log = logging.getLogger(__name__)
SLACK = timedelta(minutes=10)
"""Clocks differ, and a post may have been on its way when the backup was made."""


def look_at_channel(workspace_id: UUID, channel_id: UUID, actor: Actor | None = None) -> None:
    """List what the account has posted since the workspace's memory ends, and keep what that says of what was due.

    `actor`: the person who wants to know now, and who is refused while they wait for several networks.
    """
    with workspace_scope(workspace_id):
        workspace = Workspace.objects.get(id=workspace_id)
        if workspace.held_at is None or workspace.held_since is None:
            return
        channel = get_channel(channel_id)
        wanted = _list_wanted(channel)
        since = workspace.held_since - SLACK
        if workspace.held_reason == Held.COPY:
            # Nobody knows when it was copied; what was due since then is all that tells.
            since = min([since, *(each.due_at - SLACK for each in wanted)])
        owned = set(Publication.objects.filter(delivery__channel=channel).values_list("remote_id", flat=True))
        opened: Session | Problem
        try:
            opened = DISCONNECTED if channel.disconnected_at else open_session(channel)
        except VaultError:
            opened = CREDENTIALS_LOCKED
        connector = CONNECTORS.get(channel.network)
        facts, publisher = facts_of(channel), connector.publisher if connector else None
    told: Listing | CannotTell
    if isinstance(opened, Problem) or publisher is None:
        told = CannotTell(opened if isinstance(opened, Problem) else DISCONNECTED)
    else:
        session, asked = opened, publisher

        async def fetch() -> Listing | CannotTell:
            return await asked.list_recent(since, facts, session)

        try:
            told = ask_outside(actor, workspace_id, fetch) if actor else run_blocking(fetch)
        except TooMuchAtOnce:
            raise
        except Exception as error:
            log.exception("channel %s could not be looked at", channel_id)
            told = CannotTell(fill_params(CALL_BROKE, error=type(error).__name__))
    counted = _take_inventory(told, wanted, owned)
    with workspace_scope(workspace_id):
        if not isinstance(opened, Problem):
            record_quota(channel, opened.quotas.values())
        if not Workspace.objects.filter(id=workspace_id, held_at__isnull=False).exists():
            return
        Inventory.objects.update_or_create(channel=channel, defaults=counted)
        notify_live(workspace_id, "workspace")


def _list_wanted(channel: Channel) -> list[Wanted]:
    """The words that were to go out. Not of comments, which no network lists among an account's posts."""
    rows = list(
        Delivery.objects.filter(channel=channel, state__in=UNDECIDED, due_at__lte=now(), in_bin=False).exclude(
            kind=Kind.COMMENT
        )
    )
    words = {row.id: _words_of(row.content) for row in rows if row.content is not None}
    kinds: dict[str, list[Delivery]] = {}
    for row in rows:
        if row.content is None and row.source_kind in SOURCES:
            kinds.setdefault(row.source_kind, []).append(row)
    for kind, its in kinds.items():
        words |= SOURCES[kind].list_words(its)
    connector = CONNECTORS.get(channel.network)
    titled = connector is not None and connector.info.lists_titles
    return [
        Wanted(row.id, row.due_at, found.text, found.title if titled and row.position == 0 else "")
        for row in rows
        if (found := words.get(row.id)) is not None
    ]


def _words_of(stored: dict[str, Any]) -> Words:
    return Words(str(stored.get("text") or ""), str((stored.get("options") or {}).get("title") or ""))


def wanted_of_sent(publication: Publication, titled: bool) -> Wanted:
    """The words that went out, all of them: a blog's title counts as the first."""
    words = _words_of(publication.sent)
    text = f"{words.title}\n{words.text}" if titled else words.text
    return Wanted(publication.id, publication.published_at, text)


def _take_inventory(told: Listing | CannotTell, wanted: list[Wanted], owned: set[str]) -> dict[str, Any]:
    moment = now()
    if isinstance(told, CannotTell):
        problem = render_problem(told.reason)
        return {"looked_at": moment, "found": {}, "strangers": [], "complete": False, "problem": problem}
    unknown = [post for post in told.posts if post.ref.id not in owned]
    found = match_posts(wanted, unknown)
    taken = {match.post.ref.id for match in found.values()}
    return {
        "looked_at": moment,
        "found": {str(delivery_id): _render(match) for delivery_id, match in found.items()},
        "strangers": [_shown(post) for post in unknown if post.ref.id not in taken][:200],
        "complete": told.complete,
        "problem": None,
    }


def _render(match: Match) -> dict[str, Any]:
    ref = match.post.ref
    return {**_shown(match.post), "id": ref.id, "data": dict(ref.data), "sure": match.sure}


def _shown(post: Candidate) -> dict[str, Any]:
    at: datetime | None = post.posted_at
    url = post.ref.url if post.ref.url.startswith(("https://", "http://")) else ""
    return {"url": url, "text": post.text[:300], "at": at.astimezone(UTC).isoformat() if at else None}
