"""Sending a stored file: ranges, in pieces, without a connection to the database."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from kaja.kernel.outside import leave_database
from kaja.media.store import Store

BLOCK = 128 * 1024
"""Bytes of a file that one reader has in memory: whoever reads slowly holds no more."""
RANGE = re.compile(r"bytes=(\d*)-(\d*)$")
_threads = ThreadPoolExecutor(16, "kaja-files")
"""Of their own: a store that is slow makes nobody wait but who reads from it."""


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """First and last byte of a single-range header; None when the whole file is meant.

    Raises ValueError when no byte of the file is in the range (RFC 9110, 14.1.2).
    """
    match = RANGE.match(header.strip())
    if not match or match[1] == match[2] == "":
        return None
    if match[1] == "":
        first, last = max(0, size - int(match[2])), size - 1
    else:
        first, last = int(match[1]), min(int(match[2] or size), size - 1)
    if first >= size or first > last:
        raise ValueError("range not satisfiable")
    return first, last


class _Pieces:
    """`length` bytes of the file in pieces; asynchronous, because a server would first collect a synchronous one.

    Reading shares a few threads; waiting for a slow reader takes none. File and place are given back once: when the
    last byte went out, when the answer is closed, or when nobody holds it any more, for a server drops unread what is
    for somebody who has gone.
    """

    def __init__(self, file: IO[bytes], first: int, length: int, done: Callable[[], None]) -> None:
        self._file, self._first, self._length = file, first, length
        self._done: Callable[[], None] | None = done

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._read()

    async def _read(self) -> AsyncIterator[bytes]:
        loop, length = asyncio.get_running_loop(), self._length
        try:
            await loop.run_in_executor(_threads, self._file.seek, self._first)
            while length > 0 and (block := await loop.run_in_executor(_threads, self._file.read, min(BLOCK, length))):
                length -= len(block)
                yield block
        finally:
            self.close()

    def close(self) -> None:
        done, self._done = self._done, None
        if done is not None:
            self._file.close()
            done()

    def __del__(self) -> None:
        self.close()


def serve_file(
    request: HttpRequest,
    store: Store,
    name: str,
    mime: str,
    *,
    etag: str = "",
    longest: int | None = None,
    done: Callable[[], None] = lambda: None,
) -> HttpResponseBase:
    """A stored file, or the range of it that is asked for, cut after `longest` bytes. `done` is called when the last
    byte went out, or nobody wants it any more; not when this raises. Raises FileNotFoundError, StoreAway."""
    leave_database()
    stored: Any = store.open(name)
    size = int(stored.size)
    wanted = request.headers.get("Range", "")
    if etag and request.headers.get("If-Range", etag) != etag:
        wanted = ""  # a part of what is another file by now
    try:
        span = parse_range(wanted, size)
    except ValueError:
        stored.close()
        done()
        refused = HttpResponse(status=416, content_type="text/plain")
        refused["Content-Range"] = f"bytes */{size}"
        return refused
    first, last = span or (0, size - 1)
    if span and longest:
        last = min(last, first + longest - 1)  # a player asks again for what follows
    length = last - first + 1
    status = 206 if span else 200
    response: HttpResponseBase
    if request.method == "HEAD" or length <= BLOCK:
        try:
            stored.seek(first)
            content = b"" if request.method == "HEAD" else stored.read(length)
        finally:
            stored.close()
        done()
        response = HttpResponse(content, status=status, content_type=mime)
    else:
        response = StreamingHttpResponse(_Pieces(stored, first, length, done), status=status, content_type=mime)
    response["Content-Length"] = str(length)
    if span:
        response["Content-Range"] = f"bytes {first}-{last}/{size}"
    if etag:
        response["ETag"] = etag
    response["Accept-Ranges"] = "bytes"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
