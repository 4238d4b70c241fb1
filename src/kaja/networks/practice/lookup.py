"""Finding out whether something stands on the practice network that nobody heard the answer about."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

from kaja.networks.kit import addresses
from kaja.networks.kit.content import Outgoing
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.guards import Failed, looking
from kaja.networks.kit.http import Session
from kaja.networks.kit.newest import find_back, judge, read_back, resolve_own
from kaja.networks.kit.results import (
    AbsentAsOf,
    Candidate,
    CannotTell,
    Checkpoint,
    Found,
    Listing,
    NoSuchPost,
    Reconciliation,
    Rejected,
    Resolution,
)
from kaja.networks.practice.answers import NETWORK, REST, parse_ref, parse_time
from kaja.networks.practice.info import WORDS
from kaja.networks.practice.moderator import ANSWERS, list_of

SKEW = timedelta(seconds=5)
"""How far the server's clock may be behind ours."""
PAGE = 100
_PATH = re.compile(r"/@([^/]+)/(\d+)/?")
fetch_object = REST.fetch
Item = Mapping[str, Any]


@looking
async def find_delivery(outgoing: Outgoing, checkpoint: Checkpoint, facts: Facts, session: Session) -> Reconciliation:
    """By its container where there is one, else by exact text, number of media, place in the thread and time."""
    if outgoing.kind not in ANSWERS and (container := checkpoint.get("container")):
        told = await fetch_object(session, f"/api/v1/containers/{container}", "status", "as_of")
        # "publishing" also means that it was not there yet; the look after the settle time decides.
        return (
            Found(parse_ref(told["post"])) if told["status"] == "published" else AbsentAsOf(parse_time(told["as_of"]))
        )
    path, name = list_of(outgoing)
    try:
        items, complete, as_of = await _list(path, name, outgoing.created_at - SKEW, session)
    except Failed as failed:
        if outgoing.kind in ANSWERS and isinstance(failed.result, Rejected):
            return CannotTell(WORDS.problem("parent_gone"))
        raise
    matching = [parse_ref(item) for item in items if _is_match(item, outgoing, facts)]
    return judge(outgoing, matching, complete=complete, as_of=as_of, network=NETWORK)


@looking
async def find_post(url: str, facts: Facts, session: Session) -> Resolution:
    """The account's post, or with `#c7` its comment, at the address of its public page."""
    parts = addresses.parse_own(url, NETWORK, session.base_url, facts.url)
    if isinstance(parts, NoSuchPost):
        return parts
    named = _PATH.fullmatch(unquote(parts.path))
    if named is None:
        return NoSuchPost(addresses.no_address(NETWORK, url))
    if parts.fragment:
        found = _find_comment(named[2], parts.fragment.removeprefix("c"), session)
        return await resolve_own(
            found, NETWORK, facts.handle, is_ours=lambda item: is_ours(item, facts), ref_of=parse_ref
        )
    return await resolve_own(
        fetch_object(session, f"/api/v1/posts/{named[2]}", "account"),
        NETWORK,
        facts.handle,
        is_ours=lambda post: post["account"] == facts.handle,
        ref_of=parse_ref,
    )


@looking
async def list_recent(since: datetime, facts: Facts, session: Session) -> Listing | CannotTell:
    items, complete, _ = await _list("/api/v1/account/posts", "posts", since, session)
    return Listing(tuple(Candidate(parse_ref(item), str(item["text"]), _time_of(item)) for item in items), complete)


async def _fetch_page(path: str, name: str, before: str, session: Session) -> tuple[Sequence[Item], str, datetime]:
    """Items, the cursor of the next page, and when the list was true. Raises Failed, AnswerLost."""
    told = await fetch_object(session, path, name, "as_of", limit=PAGE, before=before)
    return told[name], told.get("next_before") or "", parse_time(told["as_of"])


def _time_of(item: Item) -> datetime:
    """When it was taken in: what is told of the past stands among the newest, too."""
    return parse_time(item.get("stored_at") or item["created_at"])


async def _list(path: str, name: str, since: datetime, session: Session) -> tuple[list[Item], bool, datetime]:
    """What a list holds since a time, whether it reaches back to it, and when it was true: at its first page, because
    what begins to be listed while we turn pages does not count."""
    times: list[datetime] = []

    async def fetch(before: str) -> tuple[Sequence[Item], str]:
        items, cursor, as_of = await _fetch_page(path, name, before, session)
        times.append(as_of)
        return items, cursor

    items, complete = await read_back(fetch, _time_of, since)
    return items, complete, times[0]


async def _find_comment(post: str, comment: str, session: Session) -> Item | None:
    async def fetch(before: str) -> tuple[Sequence[Item], str]:
        items, cursor, _ = await _fetch_page(f"/api/v1/posts/{post}/comments", "comments", before, session)
        return items, cursor

    return await find_back(fetch, lambda each: str(each["id"]) == comment)


def is_ours(comment: Item, facts: Facts) -> bool:
    """Whether the account itself wrote a comment."""
    return bool(comment["by_account"]) and comment["author"] == facts.handle


def _is_match(item: Item, outgoing: Outgoing, facts: Facts) -> bool:
    if item["text"] != outgoing.text:
        return False
    if outgoing.kind in ANSWERS:
        # All that stands below a post is listed with its comments; a first comment answers none of them.
        return is_ours(item, facts) and (outgoing.kind != "comment" or item.get("parent") is None)
    parent = outgoing.reply_to.id if outgoing.reply_to else None
    return len(item["media"]) == len(outgoing.media) and item["reply_to"] == parent
