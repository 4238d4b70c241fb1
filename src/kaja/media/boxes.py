"""What an MP4 or QuickTime file says beside picture and sound: found, so that it can be blotted out where it stands.

Every byte of picture and sound stays where it is, so no table of offsets changes and nothing is encoded anew. Kept is
what is known to be needed; all else becomes a `free` box of zeros: places and dates (`udta`, `meta`), XMP (`uuid`),
what dashboard cameras write into `free` and boxes of their own, and tracks of data beside the picture (GoPro's `gpmd`,
Apple's `mebx`, subtitles in which drones note where they fly), with their samples.

Structure: ISO/IEC 14496-12 and Apple's QuickTime File Format
(https://developer.apple.com/documentation/quicktime-file-format, read 2026-11-22).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from kaja.media.patched import Patch

KEPT = {
    b"": {b"ftyp", b"styp", b"moov", b"mdat", b"moof", b"mfra", b"sidx", b"ssix", b"pdin"},
    b"moov": {b"mvhd", b"trak", b"mvex", b"iods"},
    b"trak": {b"tkhd", b"edts", b"mdia", b"tref", b"tapt", b"clip", b"matt"},
    b"mdia": {b"mdhd", b"hdlr", b"minf", b"elng"},
    b"minf": {b"vmhd", b"smhd", b"gmhd", b"hdlr", b"dinf", b"stbl"},
}
SPHERICAL = bytes.fromhex("ffcc8263f8554a938814587a02521fdd")  # tells players that a video is a 360° one
MEDIA = (b"vide", b"soun")
MOST_MOOV = 200_000_000


class NotCleanable(Exception):
    """The file carries data of its own beside picture and sound in a form that cannot be taken out."""


@dataclass(frozen=True)
class Box:
    """A box within `data` that begins at `base` of the file. `head` is the length of its own header."""

    kind: bytes
    at: int
    size: int
    head: int

    @property
    def inside(self) -> tuple[int, int]:
        return self.at + self.head, self.at + self.size


def list_boxes(data: bytes, begin: int, end: int) -> Iterator[Box]:
    """The boxes between two places. Raises ValueError when one does not fit."""
    at = begin
    while end - at >= 8:
        size, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1:
            size, head = struct.unpack_from(">Q", data, at + 8)[0], 16
        elif size == 0:
            # Inside a user data box of QuickTime, four zero bytes end the list.
            size = end - at
        if size < head or at + size > end:
            raise ValueError("a box that does not fit")
        yield Box(kind, at, size, head)
        at += size


def find_patches(file: IO[bytes], size: int) -> list[Patch]:
    """What to blot out. Raises ValueError for a damaged file, NotCleanable for one that cannot be freed of it."""
    patches: list[Patch] = []
    fragments = False
    hidden = False
    for box in _top_boxes(file, size):
        fragments = fragments or box.kind == b"moof"
        if box.kind == b"moov":
            if box.size > MOST_MOOV:
                raise ValueError("an index larger than any real one")
            file.seek(box.at)
            found, tracks_gone = _clean_moov(file.read(box.size), box.at)
            patches += found
            hidden = hidden or tracks_gone
        elif box.kind not in KEPT[b""]:
            patches += _blot(box, box.at)
    if fragments and hidden:
        # Their samples stand in the fragments, which are described elsewhere.
        raise NotCleanable
    return patches


def _top_boxes(file: IO[bytes], size: int) -> Iterator[Box]:
    at = 0
    while size - at >= 8:
        file.seek(at)
        head = file.read(16)
        length, kind = struct.unpack_from(">I4s", head)
        own = 8
        if length == 1:
            length, own = struct.unpack_from(">Q", head, 8)[0], 16
        elif length == 0:
            length = size - at
        if length < own or at + length > size:
            raise ValueError("a box that does not fit")
        yield Box(kind, at, length, own)
        at += length


def _blot(box: Box, at: int) -> list[Patch]:
    """Turn a box that begins at `at` of the file into a `free` one of zeros."""
    return [Patch(at + 4, b"free"), Patch(at + box.head, zeros=box.size - box.head)]


def _clean_moov(data: bytes, base: int) -> tuple[list[Patch], bool]:
    moov = next(list_boxes(data, 0, len(data)))
    patches: list[Patch] = []
    gone = set()
    tracks = []
    for box in list_boxes(data, *moov.inside):
        if box.kind == b"trak":
            tracks.append(box)
        elif box.kind not in KEPT[b"moov"]:
            patches += _blot(box, base + box.at)
        elif box.kind == b"mvhd":
            patches += _no_times(data, box, base)
    for track in tracks:
        if _handler(data, track) in MEDIA:
            continue
        gone.add(_track_id(data, track))
        patches += [Patch(at, zeros=length) for at, length in _list_chunks(data, track)]
        patches += _blot(track, base + track.at)
    for track in tracks:
        if _handler(data, track) in MEDIA:
            patches += _clean_track(data, track, base, gone)
    return patches, bool(gone)


def _find(data: bytes, box: Box, *path: bytes) -> Box | None:
    for kind in path:
        found = next((each for each in list_boxes(data, *box.inside) if each.kind == kind), None)
        if found is None:
            return None
        box = found
    return box


def _handler(data: bytes, track: Box) -> bytes:
    found = _find(data, track, b"mdia", b"hdlr")
    return data[found.at + 16 : found.at + 20] if found else b""


def _track_id(data: bytes, track: Box) -> int:
    header = _find(data, track, b"tkhd")
    if header is None:
        raise ValueError("a track without a header")
    return int(struct.unpack_from(">I", data, header.at + (28 if data[header.at + 8] == 1 else 20))[0])


def _no_times(data: bytes, box: Box, base: int) -> list[Patch]:
    """When it was made and changed: the first two fields of mvhd, tkhd and mdhd."""
    return [Patch(base + box.at + 12, zeros=16 if data[box.at + 8] == 1 else 8)]


def _clean_track(data: bytes, track: Box, base: int, gone: set[int]) -> list[Patch]:
    patches: list[Patch] = []
    for box in list_boxes(data, *track.inside):
        inner = data[slice(*box.inside)]
        if box.kind == b"tkhd":
            patches += _no_times(data, box, base)
        elif box.kind == b"mdia":
            patches += _clean_media(data, box, base)
        elif box.kind == b"tref":
            named = {number for each in list_boxes(inner, 0, len(inner)) for number in _numbers(inner, each)}
            patches += _blot(box, base + box.at) if named & gone else []
        elif box.kind not in KEPT[b"trak"] and not (box.kind == b"uuid" and inner[:16] == SPHERICAL):
            patches += _blot(box, base + box.at)
    return patches


def _numbers(data: bytes, box: Box) -> tuple[int, ...]:
    begin, end = box.inside
    return struct.unpack_from(f">{(end - begin) // 4}I", data, begin)


def _clean_media(data: bytes, media: Box, base: int) -> list[Patch]:
    patches: list[Patch] = []
    for box in list_boxes(data, *media.inside):
        if box.kind == b"mdhd":
            patches += _no_times(data, box, base)
        elif box.kind == b"hdlr":
            patches += _no_name(box, base)
        elif box.kind == b"minf":
            for each in list_boxes(data, *box.inside):
                if each.kind == b"hdlr":
                    patches += _no_name(each, base)
                elif each.kind not in KEPT[b"minf"]:
                    patches += _blot(each, base + each.at)
            patches += _no_compressor(data, box, base)
        elif box.kind not in KEPT[b"mdia"]:
            patches += _blot(box, base + box.at)
    return patches


def _no_name(box: Box, base: int) -> list[Patch]:
    """The name of a handler: cameras write their maker there ("GoPro AVC"). An empty name is none in both formats."""
    return [Patch(base + box.at + 32, zeros=box.size - 32)] if box.size > 32 else []


def _no_compressor(data: bytes, information: Box, base: int) -> list[Patch]:
    """The 32 bytes in a description of pictures that name the program or camera that made them."""
    descriptions = _find(data, information, b"stbl", b"stsd")
    if descriptions is None or _find(data, information, b"vmhd") is None:
        return []
    begin, end = descriptions.inside
    entries = list_boxes(data, begin + 8, end)
    return [Patch(base + entry.at + 50, zeros=32) for entry in entries if entry.size >= 86]


def _list_chunks(data: bytes, track: Box) -> Iterator[tuple[int, int]]:
    """Place and length of every run of samples of a track, in the file."""
    table = _find(data, track, b"mdia", b"minf", b"stbl")
    if table is None:
        return
    boxes = {box.kind: box for box in list_boxes(data, *table.inside)}
    places = _list_places(data, boxes)
    if not places:
        return
    same, sizes = _sample_sizes(data, boxes)
    runs = boxes[b"stsc"].at + 12
    (count,) = struct.unpack_from(">I", data, runs)
    per_chunk = [struct.unpack_from(">II", data, runs + 4 + 12 * n) for n in range(count)]
    sample = 0
    for number, place in enumerate(places, start=1):
        samples = next(each for first, each in reversed(per_chunk) if first <= number)
        yield place, same * samples if same else sum(sizes[sample : sample + samples])
        sample += samples


def _list_places(data: bytes, boxes: dict[bytes, Box]) -> tuple[int, ...]:
    wide = b"co64" in boxes
    box = boxes.get(b"co64" if wide else b"stco")
    if box is None:
        return ()
    (count,) = struct.unpack_from(">I", data, box.at + 12)
    return struct.unpack_from(f">{count}{'Q' if wide else 'I'}", data, box.at + 16)


def _sample_sizes(data: bytes, boxes: dict[bytes, Box]) -> tuple[int, tuple[int, ...]]:
    """The size of every sample when all are alike, else 0 and each size."""
    if box := boxes.get(b"stsz"):
        same, count = (int(number) for number in struct.unpack_from(">II", data, box.at + 12))
        sizes: tuple[int, ...] = () if same else struct.unpack_from(f">{count}I", data, box.at + 20)
        return same, sizes
    raise NotCleanable  # compact sizes (stz2), which no camera is known to write
