"""A status as it is sent, as it is listed, and how one is told from another."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kaja.networks.kit.alike import are_alike, differ_in_numbers
from kaja.networks.kit.answers import parse_time, read_list, read_mapping
from kaja.networks.kit.content import Outgoing
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.fields import read_flag, read_text
from kaja.networks.kit.http import Response, Session
from kaja.networks.kit.markup import parse_html
from kaja.networks.kit.results import Candidate, RemoteRef
from kaja.networks.kit.uploads import list_keys
from kaja.networks.mastodon.api import REST
from kaja.networks.mastodon.oauth import CLIENT_NAME
from kaja.networks.mastodon.rules import SPOILER
from kaja.networks.mastodon.text import skeleton

LISTED = 40  # the most that one page of an account's statuses holds
PAGES = 5
_REGIONS = {"zh-hant": "zh-TW", "zh-hans": "zh-CN"}
# Ids of Mastodon are numbers, those of GoToSocial, Pleroma and Akkoma letters and digits.
ID = re.compile(r"(?=\w*\d)[0-9A-Za-z]+")

_WITH_TIME = re.compile(r"\d{10}[0-9a-f]{32}")

Status = Mapping[str, Any]


def render_status(outgoing: Outgoing, uploaded: Mapping[str, Any]) -> dict[str, Any]:
    """The body of POST /api/v1/statuses; the same for every attempt of a delivery."""
    body: dict[str, Any] = {
        "status": outgoing.text,
        "visibility": visibility_of(outgoing),
        "sensitive": read_flag(outgoing.options, "sensitive"),
    }
    if spoiler := read_text(outgoing.options, SPOILER):
        body[SPOILER] = spoiler
    if language := render_language(outgoing.language):
        body["language"] = language
    if outgoing.media:
        body["media_ids"] = [uploaded[key]["id"] for key in list_keys(outgoing.media)]
    if outgoing.reply_to is not None:
        body["in_reply_to_id"] = outgoing.reply_to.id
    return body


def visibility_of(outgoing: Outgoing) -> str:
    """Who sees it. A direct message is direct, whatever a server calls the one that it answers (snac2: private)."""
    return "direct" if outgoing.kind == "message" else str(outgoing.options.get("visibility") or "public")


def render_language(language: str) -> str:
    """An ISO 639-1 code; the two Chinese scripts have names of their own in Mastodon's list (LanguagesHelper)."""
    lowered = language.strip().lower().replace("_", "-")
    return _REGIONS.get(lowered) or lowered.split("-", 1)[0]


def stable_id(status: Status) -> str:
    """The id by which a status is known for good. snac2's are the time of the last change and a sum that stays, and any
    time will do in a call (seen, 2.75): the time of writing makes one of them."""
    own, made = str(status.get("id")), posted_at(status)
    return f"{int(made.timestamp())}{key_of(own)}" if made and key_of(own) != own else own


def build_ref(status: Status, uploaded: Mapping[str, Any] | None = None) -> RemoteRef:
    """A status. `data` keeps its files' remote ids, which a later edit has to name, where they are known."""
    data = {} if uploaded is None else {"media": {key: item["id"] for key, item in uploaded.items()}}
    return RemoteRef(stable_id(status), str(status.get("url") or status.get("uri") or ""), data)


def build_candidate(status: Status, most: int | None = None) -> Candidate:
    """For a person to recognise; whoever settles compares all of the words with what was to go out."""
    by_kaja = read_mapping(status.get("application")).get("name") == CLIENT_NAME
    return Candidate(build_ref(status), _words(status)[:most], posted_at(status), by_kaja)


async def fetch_statuses(facts: Facts, session: Session, before: str = "") -> Response:
    """A page of the account's statuses, newest first. Raises Failed."""
    params = {"limit": str(LISTED), "exclude_reblogs": "true"} | ({"max_id": before} if before else {})
    return await REST.call(session, "GET", f"/api/v1/accounts/{facts.account_id}/statuses", params=params)


async def fetch_page(facts: Facts, session: Session, before: str) -> tuple[list[Status], str]:
    """The same with the cursor of the next page. Servers that take no cursors give the same page again."""
    page = read_list(await fetch_statuses(facts, session, before))
    return page, str(page[-1].get("id")) if page else ""


def id_of(status: Status) -> str:
    return str(status.get("id"))


def posted_at(status: Status) -> datetime | None:
    return parse_time(status.get("created_at"))


def is_private(status: Status) -> bool:
    """Whether only followers may read it."""
    return status.get("visibility") == "private"


def is_direct(status: Status) -> bool:
    """Whether only those whom it names may read it."""
    return status.get("visibility") == "direct"


HIDDEN = {"shows_private": is_private, "shows_direct": is_direct}
"""What a server may keep out of the list of an account's statuses; noted when it was seen there."""


def matches(status: Status, outgoing: Outgoing) -> bool:
    """The same place in a thread, as many files, and the same words."""
    parent = status.get("in_reply_to_id")
    if parent and (outgoing.reply_to is None or key_of(str(parent)) != key_of(outgoing.reply_to.id)):
        return False
    if len(status.get("media_attachments") or []) != len(outgoing.media):
        return False
    if status.get("text") == outgoing.text:
        return True
    shown = _words(status)
    if words := skeleton(outgoing.text):
        return words == skeleton(shown)
    return "".join(outgoing.text.split()) == "".join(shown.split())


def resembles(status: Status, outgoing: Outgoing) -> bool:
    """Nearly the same words, and no other number among them: too near to call it absent."""
    shown = _words(status)
    ours, theirs = skeleton(outgoing.text), skeleton(shown)
    return bool(ours or theirs) and are_alike(ours, theirs) and not differ_in_numbers(outgoing.text, shown)


def answers(status: Status, outgoing: Outgoing) -> bool:
    """Whether both answer something, or none does."""
    return bool(status.get("in_reply_to_id")) == (outgoing.reply_to is not None)


def key_of(status_id: str) -> str:
    """What is the same in every id of one status."""
    return status_id[10:] if _WITH_TIME.fullmatch(status_id) else status_id


def _words(status: Status) -> str:
    return parse_html(str(status.get("content") or ""))
