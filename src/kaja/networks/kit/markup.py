"""From a network's HTML back to what a reader sees, and to the addresses that a page names."""

from html import unescape
from html.parser import HTMLParser

import regex

from kaja.networks.kit.http import Response

_DECLARED = regex.compile(r"<[!?][^>]*>?")
"""Declarations and comments; Python's parser gives up on unusual ones with an error."""
_LINK_TAG = regex.compile(rb"<link\b[^>]*>", regex.IGNORECASE)
_HREF = regex.compile(rb"href=[\"']([^\"']+)", regex.IGNORECASE)
_LONGEST = 200_000
_BLOCKS = frozenset({"p", "div", "blockquote", "li", "pre"})


class _Text(HTMLParser):
    """Collects what a reader sees; hidden parts of a shortened link are part of the link's text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self.pieces.append("\n")
        elif tag in _BLOCKS and self.pieces:
            self.pieces.append("\n\n")

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)


def parse_html(content: str) -> str:
    """The plain text of HTML, its blocks parted by empty lines."""
    parser = _Text()
    parser.feed(_DECLARED.sub("", content[:_LONGEST]))
    parser.close()
    return "".join(parser.pieces).strip()


def find_link(answer: Response, relation: str) -> str:
    """The address that a page names with a relation (RFC 8288): in its Link header, else in its HTML; empty if none."""
    named = regex.escape(relation)
    if match := regex.search(rf'<([^>]+)>\s*;[^,]*rel="?{named}"?', answer.headers.get("link", "")):
        return match[1]
    for tag in _LINK_TAG.findall(answer.content):
        if relation.encode() in tag and (href := _HREF.search(tag)):
            return unescape(href[1].decode("utf-8", "replace"))
    return ""
