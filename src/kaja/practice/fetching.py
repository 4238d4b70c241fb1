"""Fetching a file from an address, as networks do that take no uploads: HEAD first, then piece by piece."""

import http.client
import re
from contextlib import closing
from urllib.parse import urlsplit

from kaja.practice.http import MAX_BODY, Refusal

PIECE = 256 * 1024
SECONDS = 15.0
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


def fetch(url: str) -> tuple[bytes, str, int]:
    """The file, its type, and how many pieces it took. Raises Refusal, whatever is in the way."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _refused("this is no address of http or https")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    try:
        with closing(kind(parts.hostname, parts.port, timeout=SECONDS)) as connection:
            return _fetch(connection, target)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _refused(type(error).__name__) from None


def _fetch(connection: http.client.HTTPConnection, target: str) -> tuple[bytes, str, int]:
    connection.request("HEAD", target)
    head = connection.getresponse()
    head.read()
    size = int(head.getheader("Content-Length") or 0)
    if head.status != 200:
        raise _refused(f"HTTP {head.status}")
    if not 0 < size <= MAX_BODY or head.getheader("Accept-Ranges") != "bytes":
        raise _refused(f"{size} bytes, ranges: {head.getheader('Accept-Ranges')}")
    content = bytearray()
    pieces = 0
    while len(content) < size:
        last = min(len(content) + PIECE, size) - 1
        connection.request("GET", target, headers={"Range": f"bytes={len(content)}-{last}"})
        answer = connection.getresponse()
        piece = answer.read()
        told = _RANGE.fullmatch(answer.getheader("Content-Range") or "")
        if answer.status != 206 or told is None or (int(told[1]), int(told[3])) != (len(content), size) or not piece:
            raise _refused(f"HTTP {answer.status} for a part of it")
        content += piece
        pieces += 1
    return bytes(content), (head.getheader("Content-Type") or "").partition(";")[0].strip(), pieces


def _refused(why: str) -> Refusal:
    return Refusal(422, "not_fetched", f"The file could not be fetched: {why}.", "media")
