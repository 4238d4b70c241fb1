"""Measuring texts, finding links in them, and cutting a long one into the parts of a thread."""

from bisect import bisect_right
from collections.abc import Callable, Sequence

import regex

_GRAPHEME = regex.compile(r"\X")
_LINK = regex.compile(r"(?<![\w@/.])https?://[^\s<>\"“”«»]+", regex.IGNORECASE)
_TAIL = ".,;:!?'\"…。、！？)]}"
_BREAKS = (
    regex.compile(r"[^\S\n]*\n[^\S\n]*\n\s*"),  # paragraph
    regex.compile(r"[^\S\n]*\n\s*"),  # line
    regex.compile(r"(?<=[.!?…][\"'»”’)\]]*)\s+|(?<=[。！？])\s*"),  # sentence, also of scripts without spaces
    regex.compile(r"\s+"),  # word
)
_FULL_ENOUGH = 0.4
"""A better kind of border is preferred to a later one only when the part keeps this share of what would fit."""


def count_graphemes(text: str) -> int:
    """Extended grapheme clusters (Unicode TR29): what a reader takes for one character."""
    return len(text) if text.isascii() and "\r" not in text else len(_GRAPHEME.findall(text))


def count_bytes(text: str) -> int:
    """UTF-8 bytes; a lone surrogate counts as the three bytes of its replacement."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def count_utf16(text: str) -> int:
    """UTF-16 code units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def trim_link(link: str) -> str:
    """A link without the punctuation of the sentence around it; a closing bracket stays when it was opened inside."""
    while link and link[-1] in _TAIL:
        opened = {")": "(", "]": "[", "}": "{"}.get(link[-1])
        if opened and link.count(opened) >= link.count(link[-1]):
            break
        link = link[:-1]
    return link


def find_links(text: str) -> list[tuple[int, int]]:
    """Start and end (code points) of every http(s) link, without the punctuation after it."""
    found = []
    for match in _LINK.finditer(text):
        link = trim_link(match.group())
        if len(link.split("://", 1)[-1]) > 0:
            found.append((match.start(), match.start() + len(link)))
    return found


def split_text(text: str, fits: Callable[[str], bool], *, window: int) -> list[str]:
    """Parts that each fit, cut at the best border: paragraph, line, sentence, word, at last between characters.

    `window` is a number of code points that is surely too much for one part, so that a long text is not measured anew
    for each. Only white space at the borders is dropped. No part is empty; a character that fits nowhere stands alone.
    """
    parts: list[str] = []
    rest = text.strip()
    while rest:
        if len(rest) <= window and fits(rest):
            parts.append(rest)
            break
        end, start = _find_cut(rest[:window], fits)
        parts.append(rest[:end].rstrip())
        rest = rest[start:].lstrip()
    return parts


def _find_cut(text: str, fits: Callable[[str], bool]) -> tuple[int, int]:
    """The end of the first part and the start of the rest."""
    edges = [match.end() for match in _GRAPHEME.finditer(text)]
    longest = _last_fitting(text, edges, fits)
    if longest == 0:  # one grapheme with hundreds of combining marks
        longest = _last_fitting(text, range(1, edges[0] + 1), fits) or 1
        return longest, longest
    for kind in _BREAKS:
        best: tuple[int, int] | None = None
        for match in kind.finditer(text):
            if match.start() > longest:
                break
            if match.start() > 0 and text[: match.start()].strip():
                best = match.span()
        if best is not None and best[0] >= longest * _FULL_ENOUGH and fits(text[: best[0]].rstrip()):
            return best
    return longest, longest


def _last_fitting(text: str, edges: Sequence[int], fits: Callable[[str], bool]) -> int:
    """The last edge up to which the text fits; 0 when not even the first does."""
    index = bisect_right(edges, False, key=lambda end: not fits(text[:end].rstrip())) - 1
    return edges[index] if index >= 0 else 0
