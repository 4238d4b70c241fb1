"""Which article or comment of the account stands at an address: by its id where the address has one, else by its slug.

Addresses: https://wordpress.org/documentation/article/customize-permalinks/ (`?p=ID` always works; a permalink ends
with the slug or the id), and `#comment-ID` for a comment, read 2026-11-22.
"""

import html
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote

from kaja.kernel.problems import Problem
from kaja.networks.kit import addresses
from kaja.networks.kit.answers import parse_time, read_list, read_mapping, read_object
from kaja.networks.kit.connector import Facts
from kaja.networks.kit.guards import problem_of
from kaja.networks.kit.http import Response, Session
from kaja.networks.kit.outcome import Failure
from kaja.networks.kit.results import Candidate, CannotTell, Found, Listing, NoSuchPost, RemoteRef, Resolution
from kaja.networks.wordpress.api import NETWORK, call, is_missing, open_session
from kaja.networks.wordpress.delivery import build_comment_ref

LISTED = 100
_COMMENT = re.compile(r"comment-(\d+)")


async def find_post(url: str, facts: Facts, session: Session) -> Resolution:
    """Raises TransportError for an answer that cannot be read."""
    parts = addresses.parse_url(url)
    if parts is None:
        return NoSuchPost(addresses.no_address(NETWORK, url))
    open_session(session)
    if not any(addresses.is_same_host(url, own) for own in (session.base_url, facts.url)):
        return NoSuchPost(addresses.not_there(NETWORK))
    if comment := _COMMENT.fullmatch(parts.fragment):
        answer = await call(session, "GET", f"/wp/v2/comments/{comment[1]}")
        return _judge(answer, facts)
    if number := _post_id(parts):
        answer = await call(session, "GET", f"/wp/v2/posts/{number}", params={"context": "edit"})
        return _judge(answer, facts)
    slug = unquote(parts.path.rstrip("/").rpartition("/")[2])
    if not slug:
        return NoSuchPost(addresses.no_address(NETWORK, url))
    answer = await call(session, "GET", "/wp/v2/posts", params={"slug": slug, "status": "publish"})
    if not isinstance(answer, Response):
        return CannotTell(problem_of(answer))
    found = read_list(answer)
    return _judge_object(found[0], facts) if len(found) == 1 else NoSuchPost(addresses.not_there(NETWORK))


async def list_articles(since: datetime, facts: Facts, session: Session) -> Listing | CannotTell:
    """The account's public articles since a time. Raises TransportError for an answer that cannot be read."""
    open_session(session)
    params: dict[str, str | int] = {
        # The site takes a time without a zone for its own; one with a zone it converts.
        "after": since.astimezone(UTC).isoformat(timespec="seconds"),
        "author": facts.limits["user_id"],
        "per_page": LISTED,
        "orderby": "date",
        "context": "edit",
    }
    answer = await call(session, "GET", "/wp/v2/posts", params=params)
    if not isinstance(answer, Response):
        return CannotTell(problem_of(answer))
    found = read_list(answer)
    return Listing(tuple(_candidate(article) for article in found), len(found) < LISTED)


def _candidate(article: Mapping[str, Any]) -> Candidate:
    title, content = (read_mapping(article.get(name)) for name in ("title", "content"))
    text = html.unescape(re.sub(r"<[^>]*>", " ", str(content.get("rendered") or "")))
    words = html.unescape(str(title.get("raw") or title.get("rendered") or ""))
    ref = RemoteRef(str(article["id"]), str(article.get("link") or ""), {"type": "post", "media": {}})
    return Candidate(ref, f"{words}\n{text.strip()}", parse_time(article.get("date_gmt")))


def _post_id(parts: SplitResult) -> str:
    """The id in an address: `?p=7`, the editor's `?post=7`, or a permalink that ends with it (/archives/7)."""
    query = parse_qs(parts.query)
    for name in ("p", "post"):
        if (value := query.get(name, [""])[0]).isdecimal():
            return value
    last = parts.path.rstrip("/").rpartition("/")[2]
    return last if parts.path.rstrip("/").endswith(f"/archives/{last}") and last.isdecimal() else ""


def _judge(answer: Response | Failure, facts: Facts) -> Resolution:
    if is_missing(answer):
        return NoSuchPost(addresses.not_there(NETWORK))
    if not isinstance(answer, Response):
        return CannotTell(problem_of(answer))
    return _judge_object(read_object(answer, "id"), facts)


def _judge_object(found: Mapping[str, Any], facts: Facts) -> Resolution:
    if found.get("author") != facts.limits.get("user_id"):
        return NoSuchPost(_by_another(facts))
    if "post" in found:  # only a comment names the article that it stands below
        return Found(build_comment_ref(found))
    if found.get("status") != "publish":
        return NoSuchPost(addresses.not_there(NETWORK))
    return Found(RemoteRef(str(found["id"]), str(found.get("link") or ""), {"type": "post", "media": {}}))


def _by_another(facts: Facts) -> Problem:
    return addresses.of_another(NETWORK, str(facts.limits.get("user_name") or facts.handle))
