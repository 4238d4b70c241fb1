"""Finding out whether something stands on the practice network that nobody heard the answer about."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit import addresses
from kaja.networks.kit.connector import Facts
from kaja.networks.kit.content import Outgoing
from kaja.networks.kit.guards import Failed
from kaja.networks.kit.http import Session
from kaja.networks.kit.newest import judge, read_back
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
from kaja.networks.practice.answers import NETWORK, parse_ref, parse_time, read

SKEW = timedelta(seconds=5)
"""How far the server's clock may be behind ours."""
PAGE = 100
_PATH = re.compile(r"/@([^/]+)/(\d+)/?")
PAGES = 50
_PARENT_GONE = Problem(
    "parent_gone",
    gettext_noop("The post is gone, so nobody can tell whether the comment was below it."),
)


async def find_delivery(outgoing: Outgoing, checkpoint: Checkpoint, facts: Facts, session: Session) -> Reconciliation:
    """By its container where there is one, else by exact text, number of media, place in the thread and time."""
    try:
        container = checkpoint.get("container")
        if container and outgoing.kind != "comment":
            return await _find_by_container(str(container), session)
        return await _find_in_list(outgoing, facts, session)
    except (KeyError, TypeError, ValueError):
        return CannotTell(_unreadable())


async def find_post(url: str, facts: Facts, session: Session) -> Resolution:
    """The account's post, or with `#c7` its comment, at the address of its public page."""
    parts = addresses.parse_url(url)
    named = _PATH.fullmatch(unquote(parts.path)) if parts else None
    if parts is None or named is None:
        return NoSuchPost(addresses.no_address(NETWORK, url))
    if not any(addresses.is_same_host(url, own) for own in (session.base_url, facts.url)):
        return NoSuchPost(addresses.not_there(NETWORK))
    try:
        if parts.fragment:
            return await _find_comment(named[2], parts.fragment.removeprefix("c"), facts, session)
        told = await fetch_object(session, f"/api/v1/posts/{named[2]}")
        return Found(parse_ref(told)) if told["account"] == facts.handle else _of_another(facts)
    except Failed as failed:
        if isinstance(failed.result, Rejected):
            return NoSuchPost(addresses.not_there(NETWORK))
        raise
    except (KeyError, TypeError, ValueError):
        return CannotTell(_unreadable())


async def list_posts(since: datetime, session: Session) -> Listing | CannotTell:
    """What the account has posted since a time."""
    try:
        items, complete, _ = await _list("/api/v1/account/posts", "posts", since, session)
        posts = [Candidate(parse_ref(item), str(item["text"]), parse_time(item["created_at"])) for item in items]
    except (KeyError, TypeError, ValueError):
        return CannotTell(_unreadable())
    return Listing(tuple(posts), complete)


async def _list(
    path: str, name: str, since: datetime, session: Session
) -> tuple[list[Mapping[str, Any]], bool, datetime]:
    """What a list holds since a time, whether it reaches back to it, and when it was true: at its first page, because
    what begins to be listed while we turn pages does not count."""
    as_of: list[datetime] = []

    async def fetch(before: str) -> tuple[Sequence[Mapping[str, Any]], str]:
        told = await fetch_object(session, path, {"limit": PAGE, "before": before})
        as_of.append(parse_time(told["as_of"]))
        return told[name], told["next_before"] or ""

    items, complete = await read_back(fetch, lambda item: parse_time(item["created_at"]), since, pages=PAGES)
    return items, complete, as_of[0]


async def _find_comment(post: str, comment: str, facts: Facts, session: Session) -> Resolution:
    before = ""
    for _ in range(PAGES):
        told = await fetch_object(session, f"/api/v1/posts/{post}/comments", {"limit": PAGE, "before": before})
        for item in told["comments"]:
            if str(item["id"]) == comment:
                ours = bool(item["by_account"]) and item["author"] == facts.handle
                return Found(parse_ref(item)) if ours else _of_another(facts)
        before = told["next_before"] or ""
        if not before:
            break
    return NoSuchPost(addresses.not_there(NETWORK))


def _of_another(facts: Facts) -> NoSuchPost:
    return NoSuchPost(addresses.of_another(NETWORK, facts.handle))


async def fetch_object(session: Session, path: str, params: Mapping[str, str | int] | None = None) -> Mapping[str, Any]:
    """A JSON object; raises Failed, TransportError."""
    answer = read(await session.request("GET", path, params=params), irreversible=False)
    value = answer.json()
    if not isinstance(value, dict):
        raise TypeError(path)
    return value


async def _find_by_container(container: str, session: Session) -> Reconciliation:
    told = await fetch_object(session, f"/api/v1/containers/{container}")
    if told["status"] == "published":
        return Found(parse_ref(told["post"]))
    # "publishing" also means that it was not there yet; the look after the settle time decides.
    return AbsentAsOf(parse_time(told["as_of"]))


async def _find_in_list(outgoing: Outgoing, facts: Facts, session: Session) -> Reconciliation:
    path, name = _list_of(outgoing)
    try:
        items, complete, as_of = await _list(path, name, outgoing.created_at - SKEW, session)
    except Failed as failed:
        if outgoing.kind == "comment" and isinstance(failed.result, Rejected):
            return CannotTell(_PARENT_GONE)
        raise
    matching = [parse_ref(item) for item in items if _is_match(item, outgoing, facts)]
    return judge(outgoing, matching, complete=complete, as_of=as_of, network=NETWORK)


def _list_of(outgoing: Outgoing) -> tuple[str, str]:
    """Where to look, and what the list is called there."""
    if outgoing.kind != "comment":
        return "/api/v1/account/posts", "posts"
    if outgoing.reply_to is None:
        raise ValueError("a comment without its post")
    return f"/api/v1/posts/{outgoing.reply_to.id}/comments", "comments"


def _is_match(item: Mapping[str, Any], outgoing: Outgoing, facts: Facts) -> bool:
    if item["text"] != outgoing.text:
        return False
    if outgoing.kind == "comment":
        return bool(item["by_account"]) and item["author"] == facts.handle
    parent = outgoing.reply_to.id if outgoing.reply_to else None
    return len(item["media"]) == len(outgoing.media) and item["reply_to"] == parent


def _unreadable() -> Problem:
    return Problem(
        "answer_unreadable",
        gettext_noop("The answer of %(network)s cannot be read."),
        params={"network": NETWORK},
    )
