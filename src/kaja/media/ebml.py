"""What a Matroska or WebM file says beside picture and sound: tags, attachments, titles, dates, the programs' names.

Blotted out where it stands, as in `boxes.py`. Structure: RFC 8794 (EBML) and RFC 9559 (Matroska).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from kaja.media.patched import Patch

SEGMENT, INFO, TRACKS = 0x18538067, 0x1549A966, 0x1654AE6B
TAGS, ATTACHMENTS = 0x1254C367, 0x1941A469
TITLE, DATE, FILENAME, PREVIOUS, NEXT = 0x7BA9, 0x4461, 0x7384, 0x3C83AB, 0x3E83BB
MUXER, WRITER, TRACK_ENTRY, TRACK_NAME = 0x4D80, 0x5741, 0xAE, 0x536E
VOID, CHECKSUM = 0xEC, 0xBF


@dataclass(frozen=True)
class Element:
    """`size` is of the content, None when the file does not say."""

    kind: int
    at: int
    head: int
    size: int | None


def _read_number(data: bytes, at: int, keep_marker: bool) -> tuple[int, int]:
    """A number of variable length and how many bytes it takes."""
    first = data[at]
    length = 9 - first.bit_length()
    if length > 8 or at + length > len(data):
        raise ValueError("not an EBML number")
    value = int.from_bytes(data[at : at + length], "big")
    return (value if keep_marker else value & ((1 << 7 * length) - 1)), length


def _read_element(file: IO[bytes], at: int) -> Element:
    file.seek(at)
    head = file.read(12)
    try:
        kind, one = _read_number(head, 0, True)
        size, two = _read_number(head, one, False)
    except IndexError:
        raise ValueError("the file ends too early") from None
    unknown = size == (1 << 7 * two) - 1
    return Element(kind, at, one + two, None if unknown else size)


def _list_elements(file: IO[bytes], begin: int, end: int) -> Iterator[Element]:
    """The elements between two places; into what has no size of its own one goes as into its surroundings."""
    at = begin
    while at < end:
        element = _read_element(file, at)
        yield element
        at += element.head + (element.size or 0)


def find_patches(file: IO[bytes], size: int) -> list[Patch]:
    """What to blot out. Raises ValueError for a damaged file."""
    patches: list[Patch] = []
    for element in _list_elements(file, 0, size):
        begin = element.at + element.head
        if element.kind == SEGMENT and element.size is not None:
            patches += _clean(file, begin, min(begin + element.size, size))
        elif element.kind == SEGMENT:
            patches += _clean(file, begin, size)
            break
    return patches


def _clean(file: IO[bytes], begin: int, end: int) -> Iterator[Patch]:
    for element in _list_elements(file, begin, end):
        inside = element.at + element.head
        if element.kind in (TAGS, ATTACHMENTS):
            yield from _blot(element, end)
        elif element.kind == INFO and element.size is not None:
            for each in _list_elements(file, inside, inside + element.size):
                if each.kind in (TITLE, DATE, FILENAME, PREVIOUS, NEXT, CHECKSUM):
                    yield from _blot(each, end)
                elif each.kind in (MUXER, WRITER):  # must be there; a string may be padded with zeros
                    yield Patch(each.at + each.head, zeros=each.size or 0)
        elif element.kind == TRACKS and element.size is not None:
            for entry in _list_elements(file, inside, inside + element.size):
                if entry.kind == CHECKSUM:
                    yield from _blot(entry, end)
                if entry.kind != TRACK_ENTRY or entry.size is None:
                    continue
                for each in _list_elements(file, entry.at + entry.head, entry.at + entry.head + entry.size):
                    if each.kind in (TRACK_NAME, CHECKSUM):
                        yield from _blot(each, end)


def _blot(element: Element, end: int) -> Iterator[Patch]:
    """Turn an element into a Void one of the same length."""
    length = element.head + (end - element.at - element.head if element.size is None else element.size)
    if length < 2:
        raise ValueError("an element without room")
    # One byte says Void; the size that follows is as wide as is left of the old header.
    wide = min(element.head - 1, 8)
    content = length - 1 - wide
    yield Patch(element.at, bytes([VOID]) + (content | (1 << 7 * wide)).to_bytes(wide, "big"))
    yield Patch(element.at + 1 + wide, zeros=content)
