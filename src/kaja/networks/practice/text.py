"""Web addresses and the cutting of a long text into a thread."""

import re

from kaja.networks.kit.connector import Segment

_LINK = re.compile(r"(https?://[^\s<>\"'\x00-\x1f]+)")
# The best place to cut comes first: between paragraphs, lines, sentences, words.
_CUTS = (
    re.compile(r"\n\s*\n"),
    re.compile(r"\n"),
    re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])"),
    re.compile(r"\s+"),
)


def find_links(text: str) -> list[Segment]:
    """The text in stretches; the page of the practice network links the same addresses."""
    return [
        Segment(piece, "link", piece) if index % 2 else Segment(piece)
        for index, piece in enumerate(_LINK.split(text))
        if piece
    ]


def split_text(text: str, limit: int) -> list[str]:
    """Parts of at most `limit` code points that lose nothing but the white space at the cuts."""
    parts: list[str] = []
    rest = text.strip()
    while len(rest) > limit:
        cut = _best_cut(rest, limit)
        parts.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*parts, rest] if rest else parts


def _best_cut(text: str, limit: int) -> int:
    for pattern in _CUTS:
        # A part that is less than a third full would look like an accident.
        places = [m.start() for m in pattern.finditer(text, limit // 3, limit + 1) if 0 < m.start() <= limit]
        if places:
            return places[-1]
    return limit
