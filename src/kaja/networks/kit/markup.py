"""From a network's HTML back to what a reader sees."""

from html.parser import HTMLParser

import regex

_DECLARED = regex.compile(r"<[!?][^>]*>?")
"""Declarations and comments; Python's parser gives up on unusual ones with an error."""
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
