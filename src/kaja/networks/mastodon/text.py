"""Text as Mastodon reads it: links, mentions and hashtags, their weight in the character count, and HTML back to text.

Rules: Mastodon's StatusLengthValidator, with its URL, mention and hashtag extractors (source read 2026-11-22): a link
counts as a fixed number of characters, a mention without its host, everything else in grapheme clusters.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Literal

import regex

from kaja.networks.kit.text import count_graphemes
from kaja.networks.mastodon.limits import Limits

# The best known top-level domains of other scripts: what follows one of them directly is text (IANA, 2026-11).
_OTHER_TLDS = (
    "рф|укр|бел|срб|мкд|мон|қаз|бг|ею|рус|онлайн|сайт|москва|ελ|ευ|"
    "中国|中國|香港|台湾|台灣|新加坡|澳門|澳门|한국|ไทย|भारत"
)
_URL = regex.compile(
    # As in twitter-text, only Latin letters keep a link from beginning: after 日本 or текст it does.
    r"(?<![A-Za-z0-9@＠$#＃\u202a-\u202e])https?://"
    # A host needs a top-level domain, which is of one script: in x.com日本 the link ends before 日本.
    rf"(?:[\w-]+\.)+(?:xn--[a-z0-9-]+|[a-z]{{2,}}|{_OTHER_TLDS}|(?:(?![a-z])\p{{L}})(?:(?![a-z])[\p{{L}}\p{{M}}])+)"
    r"(?![a-z0-9@+-])(?::\d{1,5})?"
    r"(?:[/?#](?:[^\s<>()\[\]{}«»“”\"]|\((?:[^\s<>()]|\([^\s<>()]*\))*\))*)?",
    regex.IGNORECASE,
)
_URL_TAIL = regex.compile(r"[.,:;!?'…。、！？*_~|^`\\]+$")
_MENTION = regex.compile(
    r"(?<![=/\w])@(?P<name>[a-z0-9_]+(?:[a-z0-9_.-]+[a-z0-9_]+)?)(?:@(?P<host>[\w.-]+\w(?::\d+)?))?", regex.IGNORECASE
)
_TAG = regex.compile(r"(?<![=/)\w])[#＃](?P<name>[\w·・\u200c]*[\p{L}\p{M}][\w·・\u200c]*)")


@dataclass(frozen=True)
class Entity:
    """A stretch of text that is more than text; `start` and `end` are indices of code points."""

    kind: Literal["link", "mention", "tag"]
    start: int
    end: int
    name: str
    host: str = ""


def find_entities(text: str) -> list[Entity]:
    """Links, mentions and hashtags in order, without overlaps; a link wins over what stands inside it."""
    found = []
    for match in _URL.finditer(text):
        url = _URL_TAIL.sub("", match.group())
        found.append(Entity("link", match.start(), match.start() + len(url), url))
    found += [Entity("mention", m.start(), m.end(), m["name"], m["host"] or "") for m in _MENTION.finditer(text)]
    found += [Entity("tag", m.start(), m.end(), m["name"]) for m in _TAG.finditer(text)]
    found.sort(key=lambda entity: (entity.start, -entity.end))
    kept: list[Entity] = []
    for entity in found:
        if not kept or entity.start >= kept[-1].end:
            kept.append(entity)
    return kept


def split_stretches(text: str) -> Iterator[tuple[str, Entity | None]]:
    """The whole text in pieces, each with its entity or None."""
    position = 0
    for entity in find_entities(text):
        if entity.start > position:
            yield text[position : entity.start], None
        yield text[entity.start : entity.end], entity
        position = entity.end
    if position < len(text):
        yield text[position:], None


def count_characters(text: str, limits: Limits) -> int:
    """The length that the instance measures against `max_characters` (without the content warning)."""
    if not limits.counts_like_mastodon:
        return count_graphemes(text)
    countable = []
    for piece, entity in split_stretches(text):
        if entity is not None and entity.kind == "link":
            countable.append("x" * limits.characters_reserved_per_url)
        elif entity is not None and entity.kind == "mention":
            countable.append(f"@{entity.name}")
        else:
            countable.append(piece)
    return count_graphemes("".join(countable))


_DECLARED = regex.compile(r"<[!?][^>]*>?")
"""Declarations and comments; Python's parser gives up on unusual ones with an error."""
_LONGEST = 200_000


class _Text(HTMLParser):
    """Collects what a reader sees; hidden parts of a shortened link are part of the link's text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self.pieces.append("\n")
        elif tag in ("p", "div", "blockquote", "li", "pre") and self.pieces:
            self.pieces.append("\n\n")

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)


def parse_html(content: str) -> str:
    """The plain text of a status's HTML."""
    parser = _Text()
    parser.feed(_DECLARED.sub("", content[:_LONGEST]))
    parser.close()
    return "".join(parser.pieces).strip()


def skeleton(text: str) -> str:
    """What survives every server's rendering: the letters and digits, without the hosts of mentions.

    Servers rewrite the rest: emphasis marks disappear, quotes turn typographic, ":)" becomes a picture, a mention loses
    its host. Two different posts of one account within minutes do not agree in this by chance.
    """
    shortened = "".join(
        f"@{entity.name}" if entity is not None and entity.kind == "mention" else piece
        for piece, entity in split_stretches(text)
    )
    letters = [c for c in unicodedata.normalize("NFKC", shortened).casefold() if unicodedata.category(c)[0] in "LN"]
    return "".join(letters)
