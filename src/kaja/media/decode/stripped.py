"""JPEG, PNG and WebP files without what they say beside the picture; every byte of the picture stays as it was.

Kept is what is known to be needed, all else goes: places, devices, dates, thumbnails, and whatever follows the end
(second pictures, films). Structures: ITU-T T.81 annex B; PNG third edition, https://www.w3.org/TR/png-3/; RFC 9649
(WebP), all read 2026-11-29.
"""

import struct
from collections.abc import Iterator

_STARTS_OF_SCANS = {0xC0, 0xC1, 0xC2}  # baseline, extended, progressive: what browsers show
_TABLES = {0xC4, 0xDB, 0xDD, 0xDA}  # Huffman, quantization, restart interval, scan


def strip_jpeg(data: bytes, keep_profile: bool) -> bytes | None:
    """The same JPEG, or None when it is of a sort that not every program reads. Raises ValueError, IndexError."""
    out = [data[:2]]
    at = 2
    while True:
        if data[at] != 0xFF:
            raise ValueError("no marker where one belongs")
        marker = data[at + 1]
        if marker == 0xFF:  # fill bytes may stand before a marker
            at += 1
            continue
        if marker == 0xD9:
            out.append(b"\xff\xd9")
            return b"".join(out)
        length = struct.unpack_from(">H", data, at + 2)[0]
        end = at + 2 + length
        body = data[at + 4 : end]
        if marker in range(0xC0, 0xD0) and marker not in (0xC4, 0xC8, 0xCC) and marker not in _STARTS_OF_SCANS:
            return None
        if marker == 0xCC:
            return None
        if marker == 0xDA:
            end = _end_of_scan(data, end)
        if (
            marker in _TABLES | _STARTS_OF_SCANS
            or (marker == 0xE0 and body.startswith(b"JFIF\0"))
            or (marker == 0xE2 and keep_profile and body.startswith(b"ICC_PROFILE\0"))
            or (marker == 0xEE and body.startswith(b"Adobe"))
        ):
            out.append(data[at:end])
        at = end


def _end_of_scan(data: bytes, at: int) -> int:
    """Where the marker behind the coded data stands; stuffed zeros and restarts belong to the data."""
    while True:
        at = data.index(b"\xff", at)
        following = data[at + 1]
        if following == 0 or 0xD0 <= following <= 0xD7:
            at += 2
        elif following == 0xFF:
            at += 1
        else:
            return at


_PNG_KEPT = {
    *(b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS"),
    *(b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"mDCV", b"cLLI", b"sBIT", b"bKGD"),
    *(b"acTL", b"fcTL", b"fdAT"),
}


def strip_png(data: bytes, keep_profile: bool) -> bytes:
    """The same PNG, moving or not. Raises ValueError, struct.error."""
    out = [data[:8]]
    at = 8
    while True:
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            raise ValueError("a chunk that does not fit")
        if kind in _PNG_KEPT and (keep_profile or kind != b"iCCP"):
            out.append(data[at:end])
        if kind == b"IEND":
            return b"".join(out)
        at = end


_WEBP_KEPT = {b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"}
_HAS_PROFILE, _HAS_EXIF, _HAS_XMP = 0x20, 0x08, 0x04


def _list_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at, end = 12, 8 + struct.unpack_from("<I", data, 4)[0]
    while at + 8 <= end:
        kind, length = struct.unpack_from("<4sI", data, at)
        if at + 8 + length > len(data):
            raise ValueError("a chunk that does not fit")
        yield kind, data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def strip_webp(data: bytes, keep_profile: bool) -> bytes:
    """The same WebP, moving or not. Raises ValueError, struct.error."""
    out = []
    for kind, content in _list_chunks(data):
        if kind not in _WEBP_KEPT or (kind == b"ICCP" and not keep_profile):
            continue
        if kind == b"VP8X":
            gone = _HAS_EXIF | _HAS_XMP | (0 if keep_profile else _HAS_PROFILE)
            content = bytes([content[0] & ~gone]) + content[1:]
        out.append(kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2))
    body = b"WEBP" + b"".join(out)
    return b"RIFF" + struct.pack("<I", len(body)) + body
