"""After a lost answer: does the status stand there? Compatible servers may ignore the idempotency key, so we look.

The statuses that stood there before the call are known from stage `prepare`; only newer ones are considered.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit import addresses
from kaja.networks.kit.alike import are_alike, differ_in_numbers
from kaja.networks.kit.answers import parse_time, read_list, read_mapping, read_object
from kaja.networks.kit.connector import Facts
from kaja.networks.kit.content import Outgoing
from kaja.networks.kit.guards import problem_of
from kaja.networks.kit.http import Response, Session
from kaja.networks.kit.outcome import Failure, wait_of
from kaja.networks.kit.results import (
    AbsentAsOf,
    Candidate,
    CannotTell,
    Checkpoint,
    Found,
    Listing,
    NoSuchPost,
    Reconciliation,
    RemoteRef,
    Resolution,
)
from kaja.networks.mastodon.api import NETWORK, call, is_missing, open_session
from kaja.networks.mastodon.delivery import LISTED, build_ref
from kaja.networks.mastodon.limits import read_limits
from kaja.networks.mastodon.oauth import CLIENT_NAME
from kaja.networks.mastodon.text import parse_html, skeleton

PAGES = 5
# Ids of Mastodon are numbers, those of GoToSocial, Pleroma and Akkoma letters and digits.
_ID = re.compile(r"(?=\w*\d)[0-9A-Za-z]+")
SLACK = timedelta(seconds=10)  # servers truncate times, and a call may have been on its way before the mark


async def find_status(outgoing: Outgoing, checkpoint: Checkpoint, facts: Facts, session: Session) -> Reconciliation:
    """Look through the account's newest statuses for the one that `outgoing` would have made."""
    open_session(session)
    looked_at = datetime.now(UTC)
    fresh, complete = await _list_fresh(outgoing, checkpoint, facts, session)
    if not isinstance(complete, bool):
        return CannotTell(problem_of(complete), after=wait_of(complete))
    shows_private = bool(checkpoint.get("shows_private")) or any(map(is_private, fresh))
    fresh = [status for status in fresh if not outgoing.is_of_another(_bare_ref(status))]
    matching = [status for status in fresh if matches(status, outgoing)]
    # Where a reply's own place is shown, a status without one is another.
    matching = [status for status in matching if _answers(status, outgoing)] or matching
    if matching:
        return Found(build_ref(matching[-1], outgoing, checkpoint))  # the list is newest first: ours came first
    candidates = tuple(_candidate(status) for status in fresh)
    limits = read_limits(facts.limits)
    # Not every server lists to its owner what only followers may read; one that has shown such a status does.
    private = outgoing.options.get("visibility") == "private"
    hidden = private and limits.software != "mastodon" and not shows_private
    if hidden or not complete or any(resembles(status, outgoing) for status in fresh):
        return CannotTell(
            Problem(
                "cannot_tell",
                gettext_noop("The post was not recognised with certainty among the newest posts of %(handle)s."),
                "",
                gettext_noop("Look at the account: say whether the post is there, or send it again."),
                {"handle": facts.handle},
            ),
            candidates,
        )
    return AbsentAsOf(looked_at)


async def find_status_at(url: str, facts: Facts, session: Session) -> Resolution:
    """The account's status at an address: by the id in it, else among the newest ones by the address they give.

    Search could resolve more addresses, but needs a permission (read:search) that Kaja does not ask for.
    """
    parts = addresses.parse_url(url)
    if parts is None:
        return NoSuchPost(addresses.no_address(NETWORK, url))
    open_session(session)
    if not any(addresses.is_same_host(url, own) for own in (session.base_url, facts.url)):
        return NoSuchPost(addresses.not_there(NETWORK))
    last = parts.path.rstrip("/").rpartition("/")[2]
    if _ID.fullmatch(last):
        answer = await call(session, "GET", f"/api/v1/statuses/{last}")
        if isinstance(answer, Response):
            status = read_object(answer, "id")
            if str(read_mapping(status.get("account")).get("id")) != facts.account_id:
                return NoSuchPost(addresses.of_another(NETWORK, facts.handle))
            return Found(_bare_ref(status))
        if not is_missing(answer):
            return CannotTell(problem_of(answer), after=wait_of(answer))
    params: dict[str, str | int] = {"limit": LISTED, "exclude_reblogs": "true"}
    for _ in range(PAGES):
        answer = await call(session, "GET", f"/api/v1/accounts/{facts.account_id}/statuses", params=params)
        if not isinstance(answer, Response):
            return CannotTell(problem_of(answer), after=wait_of(answer))
        page = read_list(answer)
        for status in page:
            if url.strip().rstrip("/") in (status.get("url"), status.get("uri")) and not status.get("reblog"):
                return Found(_bare_ref(status))
        if not page or params.get("max_id") == str(page[-1].get("id")):
            break
        params["max_id"] = str(page[-1].get("id"))
    return NoSuchPost(addresses.not_there(NETWORK))


async def list_statuses(since: datetime, facts: Facts, session: Session) -> Listing | CannotTell:
    """What the account has posted since a time. Raises TransportError for an answer that cannot be read."""
    open_session(session)
    # As if a status without a mark had been made at that time: everything newer is fresh.
    outgoing = Outgoing("post", "", since, "")
    fresh, complete = await _list_fresh(outgoing, {}, facts, session)
    if not isinstance(complete, bool):
        return CannotTell(problem_of(complete))
    # All of the words: whoever settles compares them with what was to go out.
    return Listing(tuple(_candidate(status, None) for status in fresh), complete)


async def _list_fresh(
    outgoing: Outgoing, checkpoint: Checkpoint, facts: Facts, session: Session
) -> tuple[list[Mapping[str, Any]], bool | Failure]:
    """Statuses made since the mark, newest first, and whether the list reaches back to it."""
    known = set(checkpoint.get("known", []))
    since = datetime.fromisoformat(checkpoint["marked_at"]) if "marked_at" in checkpoint else outgoing.created_at
    fresh: dict[str, Mapping[str, Any]] = {}
    params: dict[str, str | int] = {"limit": LISTED, "exclude_reblogs": "true"}
    for _ in range(PAGES):
        answer = await call(session, "GET", f"/api/v1/accounts/{facts.account_id}/statuses", params=params)
        if not isinstance(answer, Response):
            return [], answer
        page = read_list(answer)
        unseen = [status for status in page if str(status.get("id")) not in fresh]
        if not unseen:
            # The end of the list; or a server that ignores paging and gave the whole short list before.
            return list(fresh.values()), not page or len(page) < LISTED / 2
        for status in unseen:
            posted = parse_time(status.get("created_at"))
            if str(status.get("id")) in known or (posted is not None and posted < since - SLACK):
                return list(fresh.values()), True
            if not status.get("reblog"):
                fresh[str(status.get("id"))] = status
        params["max_id"] = str(page[-1].get("id"))
    return list(fresh.values()), False


def matches(status: Mapping[str, Any], outgoing: Outgoing) -> bool:
    """The same place in a thread, as many files, and the same words."""
    return _same_shape(status, outgoing) and _same_words(status, outgoing.text)


def resembles(status: Mapping[str, Any], outgoing: Outgoing) -> bool:
    """Nearly the same words, and no other number among them: too near to call it absent."""
    shown = parse_html(str(status.get("content") or ""))
    ours, theirs = skeleton(outgoing.text), skeleton(shown)
    return bool(ours or theirs) and are_alike(ours, theirs) and not differ_in_numbers(outgoing.text, shown)


def is_private(status: Mapping[str, Any]) -> bool:
    """Whether only followers may read it."""
    return status.get("visibility") == "private"


def _answers(status: Mapping[str, Any], outgoing: Outgoing) -> bool:
    return bool(status.get("in_reply_to_id")) == (outgoing.reply_to is not None)


def _same_shape(status: Mapping[str, Any], outgoing: Outgoing) -> bool:
    parent = status.get("in_reply_to_id")
    if parent and (outgoing.reply_to is None or not _same_id(str(parent), outgoing.reply_to.id)):
        return False
    attachments = status.get("media_attachments") or []
    return len(attachments) == len(outgoing.media)


def _same_id(one: str, other: str) -> bool:
    # snac2's ids are the last change in seconds and then an MD5 sum; only the sum stays (seen, 2.75).
    return one == other or (len(one) > 40 and one[10:] == other[10:])


def _same_words(status: Mapping[str, Any], text: str) -> bool:
    if status.get("text") == text:
        return True
    shown = parse_html(str(status.get("content") or ""))
    if words := skeleton(text):
        return words == skeleton(shown)
    return "".join(text.split()) == "".join(shown.split())


def _candidate(status: Mapping[str, Any], most: int | None = 300) -> Candidate:
    words, maker = parse_html(str(status.get("content") or ""))[:most], status.get("application")
    by_kaja = isinstance(maker, Mapping) and maker.get("name") == CLIENT_NAME
    return Candidate(_bare_ref(status), words, parse_time(status.get("created_at")), by_kaja)


def _bare_ref(status: Mapping[str, Any]) -> RemoteRef:
    return RemoteRef(str(status.get("id")), str(status.get("url") or status.get("uri") or ""))
