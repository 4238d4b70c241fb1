"""Files that come in: written once, as they come, into a folder beside the media, from where they are moved.

No body is kept besides, so twenty films of 500 MB need their own 10 GB of the disk and nothing more, and no memory.
The form is read by Django's own parser in a thread that waits for the next piece; it holds nothing of the database.
"""

import asyncio
import errno
import io
import os
import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import QueryDict
from django.http.multipartparser import MultiPartParser
from django.utils.datastructures import MultiValueDict

from kaja.config.bodies.reading import Body

AT_ONCE, PER_PERSON = 64, 24
"""Uploads at the same time, in one process."""
KEPT_FREE = 256_000_000
"""Bytes of the disk that no upload may take: the database needs some."""
PIECE = 512 * 1024
"""Bytes of an upload in memory, about."""
PAGES_COME = 3.0
"""Seconds for which a page that was asked for makes uploads step back."""
REST = 8.0
"""Times the processor time of a piece that uploads then rest: the server's own part of a piece costs as much again."""
FLUSH_EVERY = 8_000_000
"""Bytes after which a file is brought to the disk, so that the database never waits for gigabytes of others' pages."""

Form = tuple[QueryDict, MultiValueDict[str, Any]]
_threads = ThreadPoolExecutor(AT_ONCE, "kaja-upload")
_promised: Counter[str] = Counter()
_under_way: Counter[str] = Counter()


class TooManyUploads(Exception):
    """As many as may are coming in already."""


class _Steady(TemporaryFileUploadHandler):
    """Writes to the disk as fast as the disk takes it, and not ahead of it."""

    chunk_size = 2 * PIECE

    def new_file(self, *arguments: Any, **more: Any) -> None:
        super().new_file(*arguments, **more)
        self._dirty = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.file.write(raw_data)
        self._dirty += len(raw_data)
        if self._dirty >= FLUSH_EVERY:
            self.file.flush()
            os.fdatasync(self.file.fileno())
            self._dirty = 0


class Turn:
    """One upload's piece at a time, with rests between while pages are asked for: people wait for pages.

    Twenty threads with a piece each would ask for the interpreter one after the other, and a page that comes back from
    each of its queries waits behind all of them.
    """

    _lock = threading.Lock()
    asked = 0.0
    """When something else than an upload came last (`time.monotonic`)."""

    def __init__(self) -> None:
        self._since: float | None = None

    def begin(self) -> None:
        self._lock.acquire()
        self._since = time.thread_time()

    def end(self) -> None:
        """At the end of a piece, and of the upload however it ends."""
        if self._since is None:
            return
        spent, self._since = time.thread_time() - self._since, None
        if time.monotonic() - Turn.asked < PAGES_COME:
            time.sleep(spent * REST)
        self._lock.release()


class _Inflow(io.RawIOBase):
    """A body as a file that is read in another thread than the server's."""

    def __init__(self, body: Body, most: int, loop: asyncio.AbstractEventLoop, turn: "Turn") -> None:
        self._body, self._most, self._loop, self._turn = body, most, loop, turn
        self._left = b""

    def read(self, size: int | None = -1) -> bytes:
        """At most `size` bytes; nothing at the end."""
        if not self._left:
            self._turn.end()
            self._left = asyncio.run_coroutine_threadsafe(self._gather(), self._loop).result()
            self._turn.begin()
        if size is None or size < 0 or size >= len(self._left):
            piece, self._left = self._left, b""
        else:
            piece, self._left = self._left[:size], self._left[size:]
        return piece

    async def _gather(self) -> bytes:
        """Several of the server's small pieces: each way from thread to thread costs more than they do."""
        pieces, size = [], 0
        while size < PIECE and (piece := await self._body.next(self._most)):
            pieces.append(piece)
            size += len(piece)
        return b"".join(pieces)


async def take_form(meta: dict[str, Any], body: Body, most: int, length: int, person: str) -> Form:
    """Fields and files of a form. Raises OSError when there is no room, TooManyUploads, and what `Body.next` raises."""
    with _place(person), _room(length or most):
        loop = asyncio.get_running_loop()
        turn = Turn()
        inflow = _Inflow(body, most, loop, turn)
        # The parser wants to know that there is something; where the length is not said, the end says it.
        meta = {**meta, "CONTENT_LENGTH": str(length or most)}

        def parse() -> Form:
            handler = _Steady()
            try:
                return MultiPartParser(meta, inflow, [handler], settings.DEFAULT_CHARSET).parse()
            except BaseException:
                handler.upload_interrupted()
                raise
            finally:
                turn.end()

        return await loop.run_in_executor(_threads, parse)


@contextmanager
def _place(person: str) -> Iterator[None]:
    if _under_way.total() >= AT_ONCE or _under_way[person] >= PER_PERSON:
        raise TooManyUploads
    _under_way[person] += 1
    try:
        yield
    finally:
        _under_way[person] -= 1
        if not _under_way[person]:
            del _under_way[person]


@contextmanager
def _room(length: int) -> Iterator[None]:
    """Keep the disk's room for what is said to come, before any of it does."""
    folder = Path(settings.FILE_UPLOAD_TEMP_DIR)
    if shutil.disk_usage(folder).free - _promised["bytes"] - length < KEPT_FREE:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    _promised["bytes"] += length
    try:
        yield
    finally:
        _promised["bytes"] -= length
