"""A status of somebody else, or an answer of the account, as it is read from a notification, a thread or a list."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from kaja.networks.kit.answers import parse_time, read_mapping
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.markup import parse_html
from kaja.networks.kit.reading import Author, Incoming, Reaction, ReactionKind, RemoteMedia
from kaja.networks.kit.threads import Node, find_place
from kaja.networks.mastodon.statuses import Status, id_of, stable_id

REACTIONS: Mapping[str, ReactionKind] = {
    "favourite": "like", "reblog": "repost", "quote": "quote", "follow": "follow",
}  # fmt: skip
"""Types of notifications that are one without a word; of a quote also words are read."""
_MEDIA = {"image": "image", "gifv": "gif", "video": "video", "audio": "audio"}


def make_node(status: Status, facts: Facts) -> Node:
    ours = str(status["account"]["id"]) == facts.account_id
    # snac2 says "private" of what goes to nobody but those who are named (seen, 2.75).
    private = ("direct", "private") if facts.limits.get("software") == "snac" else ("direct",)
    return Node(stable_id(status), ours, _address_of(status), status.get("visibility") in private)


def build_incoming(status: Status, way: Sequence[Node], facts: Facts) -> Incoming | None:
    """`way`: the statuses above it, from the first of the thread. None for one of the account that answers nobody."""
    place = find_place([*way, make_node(status, facts)])
    at = parse_time(status["created_at"])
    if at is None:
        raise ValueError("a status without a time")
    if place is None:
        return None
    warning, words = str(status.get("spoiler_text") or ""), parse_html(str(status.get("content") or ""))
    author = _build_author(status["account"], facts)
    return Incoming(
        id=stable_id(status),
        author=author,
        at=at,
        text="\n\n".join(filter(None, (warning, words))),
        url=_address_of(status),
        state="edited" if status.get("edited_at") else "there",
        edited_at=parse_time(status.get("edited_at")),
        language=str(status.get("language") or ""),
        media=tuple(
            RemoteMedia(
                _MEDIA.get(str(each.get("type")), "file"),  # type: ignore[arg-type]
                str(each.get("url") or each.get("remote_url") or ""),
                str(each.get("preview_url") or ""),
                str(each.get("description") or ""),
            )
            for each in status.get("media_attachments") or ()
        ),
        # An answer names whom it answers, and is seen by as many as what it answers.
        data={
            "visibility": str(status.get("visibility") or "public"),
            "acct": str(status["account"].get("acct") or ""),
        },
        **vars(place),
    )


def build_reaction(notification: Status, facts: Facts) -> Reaction | None:
    """Of a notification. None for what is none."""
    kind = REACTIONS.get(str(notification.get("type")))
    if kind is None:
        return None
    at = parse_time(notification["created_at"])
    if at is None:
        raise ValueError("a notification without a time")
    post = quote = url = ""
    if kind != "follow":
        status: Status = notification["status"]
        if kind == "quote":
            quote, url = stable_id(status), _address_of(status)
            # https://docs.joinmastodon.org/entities/Quote/ and /entities/ShallowQuote/
            told = read_mapping(status["quote"])
            quoted = read_mapping(told.get("quoted_status"))
            post = stable_id(quoted) if quoted else str(told["quoted_status_id"])
        else:
            post = stable_id(read_mapping(status.get("reblog")) or status)
    author = _build_author(notification["account"], facts)
    return Reaction(id_of(notification), kind, author, at, post, quote, url)


def _build_author(given: Any, facts: Facts) -> Author:
    """Servers number accounts each for itself; the name with the host is one everywhere."""
    account = read_mapping(given)
    acct = str(account.get("acct") or account["username"])
    full = acct if "@" in acct else f"{acct}@{facts.handle.rpartition('@')[2]}"
    url, avatar = str(account.get("url") or ""), str(account.get("avatar_static") or account.get("avatar") or "")
    if str(account["id"]) == facts.account_id:  # always the same, whatever it was read from
        return Author(full, facts.handle, facts.name, True, facts.url, facts.avatar_url)
    return Author(full, f"@{full}", str(account.get("display_name") or ""), False, url, avatar)


def _address_of(status: Status) -> str:
    address = str(status.get("url") or status.get("uri") or "")
    return address if urlsplit(address).scheme in ("http", "https") else ""
