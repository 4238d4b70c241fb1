"""The card of a link: title, description and picture, as the page itself offers them.

The address is typed by a person, so it goes through the guarded session: public hosts only, bounded in size and time.
What comes back is text and one picture, never HTML.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from kaja.networks.kit.http import Response, Session, TransportError
from kaja.networks.kit.problems import Problem, gettext_noop
from kaja.workspaces.errors import Refused

PAGE_BYTES = 3_000_000
IMAGE_BYTES = 8_000_000
SECONDS = 8.0
HEAD_CHARACTERS = 400_000


@dataclass(frozen=True)
class FoundCard:
    """What a page says of itself; empty where it says nothing. `image_url` is absolute."""

    url: str
    title: str = ""
    description: str = ""
    image_url: str = ""


class _Head(HTMLParser):
    """Collects meta tags and the title; stops caring at the body."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.meta: dict[str, str] = {}
        self.title = ""
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "title" and not self.title:
            self._in_title = True
        if tag == "meta":
            values = {name: value or "" for name, value in attrs}
            name = (values.get("property") or values.get("name") or "").lower()
            if name and values.get("content"):
                self.meta.setdefault(name, values["content"])

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False

    def handle_data(self, data: str) -> None:
        if self._in_title and len(self.title) < 1000:
            self.title += data


def _first(meta: dict[str, str], names: Iterable[str], limit: int) -> str:
    for name in names:
        if text := " ".join(meta.get(name, "").split()):
            return text if len(text) <= limit else text[: limit - 1] + "…"
    return ""


def parse_card(html: str, url: str) -> FoundCard:
    """Open Graph first (https://ogp.me, read 2026-11-22), then Twitter's names, then plain HTML. Pure."""
    head = _Head()
    head.feed(html[:HEAD_CHARACTERS])
    meta = {"html:title": head.title, **head.meta}
    image = _first(meta, ("og:image:secure_url", "og:image", "og:image:url", "twitter:image"), 2000)
    absolute = urljoin(url, image) if image else ""
    return FoundCard(
        url,
        _first(meta, ("og:title", "twitter:title", "html:title"), 300),
        _first(meta, ("og:description", "twitter:description", "description"), 1000),
        absolute if urlsplit(absolute).scheme in ("http", "https") else "",
    )


def decode_page(answer: Response) -> str:
    """The text of a page in the encoding that it declares."""
    declared = re.search(r"charset=[\"']?([\w.:-]+)", answer.headers.get("content-type", ""), re.I)
    inside = re.search(rb"<meta[^>]+charset=[\"']?([\w.:-]+)", answer.content[:4096], re.I)
    name = declared[1] if declared else inside[1].decode() if inside else "utf-8"
    try:
        return answer.content.decode(name, "replace")
    except LookupError:
        return answer.content.decode("utf-8", "replace")


def _no_card(url: str, why: Problem | None = None) -> Refused:
    if why is not None:
        return Refused(why)
    return Refused(
        Problem(
            code="link_card_none",
            message=gettext_noop("%(host)s offers no preview of this page; the link stays in the text as it is."),
            field="link_card.url",
            fix=gettext_noop("Write title and description by hand, or go without a card."),
            params={"host": urlsplit(url).hostname or url[:80]},
        )
    )


async def fetch_card(url: str, session: Session) -> tuple[FoundCard, bytes]:
    """The card of a page and the bytes of its picture (empty without one). Raises Refused with the reason."""
    try:
        answer = await session.request(
            "GET",
            url,
            headers={"Accept": "text/html,application/xhtml+xml"},
            timeout=SECONDS,
            max_bytes=PAGE_BYTES,
            authorized=False,
        )
    except TransportError as error:
        raise _no_card(url, error.problem) from error
    if not answer.ok or "html" not in answer.headers.get("content-type", ""):
        raise _no_card(url)
    card = parse_card(decode_page(answer), answer.url)
    if not card.title:
        raise _no_card(url)
    card = FoundCard(url, card.title, card.description, card.image_url)
    return card, await _fetch_picture(card.image_url, session)


async def _fetch_picture(url: str, session: Session) -> bytes:
    if not url:
        return b""
    try:
        answer = await session.request(
            "GET", url, headers={"Accept": "image/*"}, timeout=SECONDS, max_bytes=IMAGE_BYTES, authorized=False
        )
    except TransportError:
        return b""  # a card without its picture is still a card
    return answer.content if answer.ok else b""
