"""What a stranger's page says of itself. Called behind the border: nothing here may be needed by who calls it.

The page is parsed by html5ever, which follows the rules that browsers follow, reduced to its titles and `meta` tags;
what is left is small, well-formed, and read with Python's parser.
"""

from collections.abc import Iterable
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import nh3

from kaja.networks.kit.encodings import decode_page

_NO_TEXT = {"script", "style", "svg", "math", "textarea", "select", "noscript", "template", "iframe", "object"}


class _Head(HTMLParser):
    """Collects meta tags and the first title."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.meta: dict[str, str] = {}
        self.title = ""
        self._titles = 0
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "title":
            self._titles += 1
            self._in_title = self._titles == 1
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
        # Neither NUL nor half a pair of UTF-16 is text.
        words = meta.get(name, "").replace("\0", "").encode("utf-8", "replace").decode()
        if text := " ".join(words.split()):
            return text if len(text) <= limit else text[: limit - 1] + "…"
    return ""


def parse_head(html: str, url: str) -> dict[str, str]:
    """Open Graph first (https://ogp.me, read 2026-11-22), then Twitter's names, then plain HTML. Pure.

    Gives `title`, `description` and `image_url` (absolute, http or https), each empty where the page says nothing.
    """
    kept = nh3.clean(
        html.encode("utf-8", "replace").decode(),
        tags={"meta", "title"},
        clean_content_tags=_NO_TEXT,
        attributes={"meta": {"property", "name", "content"}},
        strip_comments=True,
        link_rel=None,
    )
    head = _Head()
    head.feed(kept)
    head.close()
    meta = {"html:title": head.title, **head.meta}
    return {
        "title": _first(meta, ("og:title", "twitter:title", "html:title"), 300),
        "description": _first(meta, ("og:description", "twitter:description", "description"), 1000),
        "image_url": _absolute(
            url, _first(meta, ("og:image:secure_url", "og:image", "og:image:url", "twitter:image"), 2000)
        ),
    }


def _absolute(url: str, image: str) -> str:
    try:
        absolute = urljoin(url, image) if image else ""
        return absolute if urlsplit(absolute).scheme in ("http", "https") else ""
    except ValueError:  # such as an unfinished IPv6 address
        return ""


def read_head(content: bytes, content_type: str, url: str) -> dict[str, str]:
    """The same from the bytes of a page, in the encoding that a browser would read them in."""
    return parse_head(decode_page(content, content_type), url)
