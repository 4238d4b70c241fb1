"""Cutting a long text into a thread, at the best places: paragraphs, then lines, sentences, words, at last anywhere."""

from bisect import bisect_right
from collections.abc import Callable

import regex

from kaja.networks.mastodon.limits import Limits
from kaja.networks.mastodon.text import count_characters, find_entities

_BREAKS = (
    regex.compile(r"\n\s*\n\s*"),
    regex.compile(r"\s*\n\s*"),
    regex.compile(r"(?<=[.!?…]['\"»”’)\]]*)\s+|(?<=[。！？])"),
    regex.compile(r"\s+"),
)
_SHORTEST = 0.4
"""A better kind of place is taken only when the piece keeps this share of the space."""


def split_text(text: str, limits: Limits) -> list[str]:
    """Pieces that each fit the instance, in order; no character but white space is lost. No piece is empty."""
    pieces = []
    rest = text.strip()
    while rest and not _fits_whole(rest, limits):
        end, start = _find_cut(rest, limits)
        pieces.append(rest[:end].rstrip())
        rest = rest[start:].lstrip()
    return [*pieces, rest] if rest else pieces


def _window(limits: Limits) -> int:
    """Code points that surely hold the next piece, so that a very long text is not measured again for every piece."""
    return 4 * limits.max_characters + 4000


def _fits_whole(text: str, limits: Limits) -> bool:
    if len(text) > _window(limits) and count_characters(text[: _window(limits)], limits) > limits.max_characters:
        return False
    return count_characters(text, limits) <= limits.max_characters


def _find_cut(text: str, limits: Limits) -> tuple[int, int]:
    """End of the first piece and start of the rest."""
    if count_characters(text[: _window(limits)].rstrip(), limits) > limits.max_characters:
        text = text[: _window(limits)]

    def fits(end: int) -> bool:
        return count_characters(text[:end].rstrip(), limits) <= limits.max_characters

    # A character weighs at least nothing and a link may be longer than its weight: search over whole graphemes.
    edges = [match.end() for match in regex.finditer(r"\X", text)]
    longest = _last_fitting(edges, fits)
    for kind in _BREAKS:
        places = [match for match in kind.finditer(text) if match.start() > 0 and match.end() < len(text)]
        index = _last_fitting_index([match.start() for match in places], fits)
        if index is not None and places[index].start() >= longest * _SHORTEST:
            return places[index].start(), places[index].end()
    for entity in find_entities(text):
        if entity.start < longest < entity.end and entity.start > 0:
            return entity.start, entity.start
    return longest, longest


def _last_fitting(edges: list[int], fits: Callable[[int], bool]) -> int:
    index = _last_fitting_index(edges, fits)
    return edges[0] if index is None else edges[index]


def _last_fitting_index(edges: list[int], fits: Callable[[int], bool]) -> int | None:
    # Fitting is not strictly monotonous (a link becomes light when it is complete): step on from the bisected place.
    index = bisect_right(edges, False, key=lambda end: not fits(end)) - 1
    while index + 1 < len(edges) and fits(edges[index + 1]):
        index += 1
    while index >= 0 and not fits(edges[index]):
        index -= 1
    return index if index >= 0 else None
