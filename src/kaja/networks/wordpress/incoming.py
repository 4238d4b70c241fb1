"""A comment or review as it is read: without an e-mail address, and without a picture whose address is made of one."""

import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from kaja.networks.kit.answers import parse_time, read_mapping
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.markup import parse_html
from kaja.networks.kit.reading import Author, Incoming

Comment = Mapping[str, Any]
_STATES = {"approved": "there", "hold": "pending", "spam": "hidden", "trash": "deleted", "post-trashed": "deleted"}
_TYPES = ("comment", "review")


def build_incoming(comment: Comment, parents: Mapping[int, int], facts: Facts) -> Incoming | None:
    """`parents`: which comment each one stands below. None where another site links here: nobody speaks."""
    if comment.get("type") not in _TYPES:
        return None
    at, state = parse_time(comment["date_gmt"]), str(comment.get("status") or "approved")
    if at is None:
        raise ValueError("a comment without a time")
    above = parent = int(comment["parent"])
    top = int(comment["id"])
    while parent:
        top, parent = parent, parents.get(parent, 0)
    rating = _read_rating(read_mapping(comment.get("meta")))
    review = comment["type"] == "review" or rating is not None
    post = str(int(comment["post"]))
    return Incoming(
        id=str(comment["id"]),
        kind="reply" if above else "review" if review else "comment",
        author=_build_author(comment, facts),
        at=at,
        text=parse_html(str(read_mapping(comment.get("content")).get("rendered") or "")),
        thread=str(top),
        parent=str(above or ""),
        publication=post,
        url=str(comment.get("link") or ""),
        state=_STATES.get(state, "hidden"),  # type: ignore[arg-type]
        rating=rating,
        data={"type": "comment", "post": post},
        more={"spam": True} if state == "spam" else {},
    )


def _build_author(comment: Comment, facts: Facts) -> Author:
    site = facts.account_id.rpartition("#")[0] or facts.handle
    user, name, url = int(comment.get("author") or 0), str(comment.get("author_name") or ""), ""
    if urlsplit(str(comment.get("author_url") or "")).scheme in ("http", "https"):
        url = str(comment["author_url"])
    pictures = [str(each) for each in read_mapping(comment.get("author_avatar_urls")).values()]
    avatar = next((each for each in pictures[::-1] if "gravatar.com" not in (urlsplit(each).hostname or "")), "")
    # Guests have no number: one who writes under the same name with the same address is the same, on this site.
    guest = hashlib.sha256("\0".join((site, name, url)).encode()).hexdigest()[:32]
    return Author(f"{site}#{user or guest}", "", name, user != 0 and user == facts.limits.get("user_id"), url, avatar)


def _read_rating(meta: Mapping[str, Any]) -> int | None:
    """As shops and review plugins keep it, where they show it."""
    told = meta.get("rating")
    first = str(told[0] if isinstance(told, list) and told else told)
    return int(first) if first in ("1", "2", "3", "4", "5") else None
