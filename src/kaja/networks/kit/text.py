"""Measuring texts, finding links in them, and cutting a long one into the parts of a thread."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence

import regex

Span = tuple[int, int]
"""Start and end of a stretch of text, in code points."""

_GRAPHEME = regex.compile(r"\X")
_JOINED = regex.compile(
    r"\p{InCB=Consonant}|[\u0897\u0b53\u0b54\u0cf3\u0ece\u1acf-\u1af0\U00010d69-\U00010d6d\U00010ecb-\U00010ecf"
    r"\U00010ef0-\U00010eff\U00011241\U000113b8-\U000113e2\U00011b60-\U00011b67\U00011df0\U00011f00-\U00011f5a"
    r"\U00013439-\U00013455\U0001611e-\U0001612f\U0001d127\U0001d128\U0001d250-\U0001d281\U0001e08f"
    r"\U0001e4ec-\U0001e4ef\U0001e5ee\U0001e5ef\U0001e6e3-\U0001e6f5]"
)
"""What begins a cluster of its own by older rules: a consonant of a conjunct (joined since Unicode 15.1, in ever more
scripts), and a mark that came after Unicode 14 (no mark at all to a library that does not know it)."""
_LINK = regex.compile(r"(?<![A-Za-z0-9@＠$#＃/.])https?://[^\s<>\"“”«»]+", regex.IGNORECASE)
_SIGNED = regex.compile(r"(?<!\w)[@＠#＃$][\w@.\-·・\u200c]+")
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
    """Extended grapheme clusters (Unicode TR29): what a reader takes for one character.

    Servers count by different versions of Unicode, and newer ones join more: ខ្មែរ is two clusters in 17, three in 15. A
    server's count decides whether a post is taken, so this is the larger one.
    """
    if text.isascii() and "\r" not in text:
        return len(text)
    clusters = _GRAPHEME.findall(text)
    return len(clusters) + sum(len(_JOINED.findall(cluster, 1)) for cluster in clusters if len(cluster) > 1)


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


def find_links(text: str) -> list[Span]:
    """Start and end (code points) of every http(s) link, without the punctuation after it."""
    found = []
    for match in _LINK.finditer(text):
        link = trim_link(match.group())
        if len(link.split("://", 1)[-1]) > 0:
            found.append((match.start(), match.start() + len(link)))
    return found


def find_words(text: str) -> list[Span]:
    """What a reader follows: links, and words that begin with one of the signs of mentions and tags."""
    return [*find_links(text), *((match.start(), match.end()) for match in _SIGNED.finditer(text))]


def split_text(
    text: str, fits: Callable[[str], bool], *, window: int, find_whole: Callable[[str], Iterable[Span]] = find_words
) -> list[str]:
    """Parts that each fit, cut at the best border: paragraph, line, sentence, word, at last between characters.

    `window` is a number of code points that is surely too much for one part, so that a long text is not measured anew
    for each. Only white space at the borders is dropped. No part is empty; a character that fits nowhere stands alone.
    What `find_whole` finds (links, mentions, tags) is not cut unless it is too long for a part of its own.
    """
    parts: list[str] = []
    text = text.strip()
    whole = sorted(find_whole(text))
    at = 0
    while at < len(text):
        if len(text) - at <= window and fits(text[at:]):
            parts.append(text[at:])
            break
        spans = [(start - at, end - at) for start, end in whole if end > at and start < at + window]
        end, start = _find_cut(text[at : at + window], spans, fits)
        parts.append(text[at : at + end].rstrip())
        at += start
        at += len(text[at:]) - len(text[at:].lstrip())
    return parts


def _find_cut(text: str, whole: Sequence[Span], fits: Callable[[str], bool]) -> tuple[int, int]:
    """The end of the first part and the start of the rest."""
    inside = {place for start, end in whole for place in range(max(start, 0) + 1, min(end, len(text) + 1))}
    every = [match.end() for match in _GRAPHEME.finditer(text)]
    edges = [edge for edge in every if edge not in inside]
    longest = _last_fitting(text, edges, fits)
    if longest == 0 or not text[:longest].strip():  # a link that is longer than a part
        inside, longest = set(), _last_fitting(text, every, fits)
    if longest == 0:  # one grapheme with hundreds of combining marks
        longest = _last_fitting(text, range(1, every[0] + 1), fits) or 1
        return longest, longest
    for kind in _BREAKS:
        best: tuple[int, int] | None = None
        for match in kind.finditer(text):
            if match.start() > longest:
                break
            if match.start() > 0 and match.start() not in inside and text[: match.start()].strip():
                best = match.span()
        if best is not None and best[0] >= longest * _FULL_ENOUGH and fits(text[: best[0]].rstrip()):
            return best
    return longest, longest


def _last_fitting(text: str, edges: Sequence[int], fits: Callable[[str], bool]) -> int:
    """The last edge up to which the text fits; 0 when not even the first does."""
    index = bisect_right(edges, False, key=lambda end: not fits(text[:end].rstrip())) - 1
    return edges[index] if index >= 0 else 0
