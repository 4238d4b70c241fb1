"""What is more than text inside a text: links, mentions, tags, each with where it stands.

How they are found differs from network to network; what is done with them does not.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from kaja.networks.kit.connector import Segment


@dataclass(frozen=True)
class Entity:
    """A stretch of text with a meaning; `start` and `end` are indices of code points. `value` is the address, the
    handle or the tag, `host` the server of a handle that names one."""

    kind: Literal["link", "mention", "tag"]
    start: int
    end: int
    value: str
    host: str = ""


def keep_apart(found: Iterable[Entity]) -> list[Entity]:
    """In order and without overlaps: what begins first wins, and of those that begin together the longest."""
    kept: list[Entity] = []
    for entity in sorted(found, key=lambda entity: (entity.start, -entity.end)):
        if not kept or entity.start >= kept[-1].end:
            kept.append(entity)
    return kept


def split_stretches(text: str, entities: Iterable[Entity]) -> Iterator[tuple[str, Entity | None]]:
    """The whole text in pieces, each with its entity or None."""
    position = 0
    for entity in entities:
        if entity.start > position:
            yield text[position : entity.start], None
        yield text[entity.start : entity.end], entity
        position = entity.end
    if position < len(text):
        yield text[position:], None


def render_segments(text: str, entities: Iterable[Entity], address: Callable[[Entity], str]) -> list[Segment]:
    """The text as it is shown; `address` says where an entity leads. Joined, the pieces are the text."""
    return [
        Segment(piece) if entity is None else Segment(piece, entity.kind, address(entity))
        for piece, entity in split_stretches(text, entities)
    ]


def list_spans(entities: Iterable[Entity]) -> list[tuple[int, int]]:
    """Where they stand: what is not to be cut when a text becomes a thread."""
    return [(entity.start, entity.end) for entity in entities]


def find_bytes(text: str, entity: Entity) -> tuple[int, int]:
    """Where it stands in UTF-8, as some networks count."""
    start = len(text[: entity.start].encode())
    return start, start + len(text[entity.start : entity.end].encode())
