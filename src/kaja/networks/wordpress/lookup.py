"""Which article or comment of the account stands at an address: by its id where the address has one, else by its slug.

Addresses: https://wordpress.org/documentation/article/customize-permalinks/ (`?p=ID` always works; a permalink ends
with the slug or the id), and `#comment-ID` for a comment, read 2026-11-22.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote

from kaja.networks.kit import addresses
from kaja.networks.kit.answers import parse_time, read_list, read_mapping
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.guards import looking
from kaja.networks.kit.http import Session
from kaja.networks.kit.markup import parse_html
from kaja.networks.kit.newest import resolve_own
from kaja.networks.kit.results import Candidate, CannotTell, Listing, NoSuchPost, RemoteRef, Resolution
from kaja.networks.wordpress.api import NETWORK, REST
from kaja.networks.wordpress.articles import build_ref
from kaja.networks.wordpress.comments import build_comment_ref

LISTED = 100
_COMMENT = re.compile(r"comment-(\d+)")


@looking
async def find_post(url: str, facts: Facts, session: Session) -> Resolution:
    parts = addresses.parse_own(url, NETWORK, session.base_url, facts.url)
    if isinstance(parts, NoSuchPost):
        return parts
    slug = unquote(parts.path.rstrip("/").rpartition("/")[2])
    if comment := _COMMENT.fullmatch(parts.fragment):
        fetched = _fetch(f"/wp/v2/comments/{comment[1]}", session)
    elif number := _post_id(parts):
        fetched = _fetch(f"/wp/v2/posts/{number}", session, context="edit")
    elif slug:
        fetched = _fetch_by_slug(slug, session)
    else:
        return NoSuchPost(addresses.no_address(NETWORK, url))
    name, own = str(facts.limits.get("user_name") or facts.handle), facts.limits.get("user_id")
    return await resolve_own(fetched, NETWORK, name, is_ours=lambda found: found.get("author") == own, ref_of=_ref)


async def _fetch(route: str, session: Session, **params: str) -> Mapping[str, Any] | None:
    """A comment, or an article that is public."""
    found = await REST.fetch(session, route, "id", **params)
    return found if "post" in found or found.get("status") == "publish" else None


async def _fetch_by_slug(slug: str, session: Session) -> Mapping[str, Any] | None:
    params = {"slug": slug, "status": "publish"}
    found = read_list(await REST.call(session, "GET", "/wp/v2/posts", params=params))
    return found[0] if len(found) == 1 else None


def _ref(found: Mapping[str, Any]) -> RemoteRef:
    """Only a comment names the article that it stands below."""
    return build_comment_ref(found) if "post" in found else build_ref(found, {})


@looking
async def list_recent(since: datetime, facts: Facts, session: Session) -> Listing | CannotTell:
    """The account's public articles since a time."""
    params: dict[str, str | int] = {
        # The site takes a time without a zone for its own; one with a zone it converts.
        "after": since.astimezone(UTC).isoformat(timespec="seconds"),
        "author": facts.limits["user_id"],
        "per_page": LISTED,
        "orderby": "date",
        "context": "edit",
    }
    found = read_list(await REST.call(session, "GET", "/wp/v2/posts", params=params))
    return Listing(tuple(map(_candidate, found)), len(found) < LISTED)


def _candidate(article: Mapping[str, Any]) -> Candidate:
    title, content = (read_mapping(article.get(name)) for name in ("title", "content"))
    heading = parse_html(str(title.get("raw") or title.get("rendered") or ""))
    text = parse_html(str(content.get("rendered") or ""))
    return Candidate(build_ref(article, {}), f"{heading}\n{text}", parse_time(article.get("date_gmt")))


def _post_id(parts: SplitResult) -> str:
    """The id in an address: `?p=7`, the editor's `?post=7`, or a permalink that ends with it (/archives/7)."""
    query = parse_qs(parts.query)
    for name in ("p", "post"):
        if (value := query.get(name, [""])[0]).isdecimal():
            return value
    last = parts.path.rstrip("/").rpartition("/")[2]
    return last if parts.path.rstrip("/").endswith(f"/archives/{last}") and last.isdecimal() else ""
