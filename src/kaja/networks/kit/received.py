"""What is done with the content of an answer: it is unpacked within bounds, and a large one goes into a file."""

import asyncio
import zlib
from typing import IO, Any

PIECE = 256 * 1024
_PACKED = ("gzip", "deflate")
_EITHER = 47
"""32 + 15: gzip or zlib header, whichever is there."""


class WireError(Exception):
    """The connection broke, or what came was not HTTP. The request may have arrived if a byte was written."""


class TooLarge(Exception):
    """The answer is larger than the caller wants to read."""


class FileFailed(Exception):
    """The caller's file could not be written; `error` is what it raised."""

    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        self.error = error


def unpack(encoding: str, body: bytes, max_bytes: int) -> bytes:
    """The content, never more than `max_bytes` of it. Raises TooLarge, WireError."""
    if encoding.lower() not in _PACKED:
        return body
    try:
        content = zlib.decompressobj(_EITHER).decompress(body, max_bytes + 1)
    except zlib.error as error:
        raise WireError("the packed content is damaged") from error
    if len(content) > max_bytes:
        raise TooLarge
    return content


class Received:
    """The content of one answer on its way into a file, piece by piece: while one is written no more is read than lies
    on the way."""

    def __init__(self, file: IO[bytes], max_bytes: int, transport: asyncio.Transport) -> None:
        self._file, self._left, self._transport = file, max_bytes, transport
        self._chunks: list[bytes] = []
        self._size = self._whole = 0
        self._filled = asyncio.Event()
        self._inflate: Any = None

    def begin(self, encoding: str) -> None:
        """The answer is the file that was asked for."""
        if encoding.lower() in _PACKED:
            self._inflate = zlib.decompressobj(_EITHER)

    def add(self, chunk: bytes) -> None:
        self._chunks.append(chunk)
        self._size += len(chunk)
        self._whole += len(chunk)
        if self._size >= PIECE and not self._filled.is_set() and not self._transport.is_closing():
            self._filled.set()
            self._transport.pause_reading()

    async def keep(self, answered: "asyncio.Future[Any]") -> None:
        """Write what comes until the answer is complete or lost. Raises TooLarge, WireError, FileFailed."""
        while True:
            filled = asyncio.ensure_future(self._filled.wait())
            try:
                await asyncio.wait((filled, answered), return_when=asyncio.FIRST_COMPLETED)
            finally:
                filled.cancel()
            last = answered.done()
            if last and (answered.cancelled() or answered.exception() is not None):
                return  # whoever awaits the answer hears why
            piece = b"".join(self._chunks)
            self._chunks.clear()
            self._size = 0
            await asyncio.to_thread(self._write, piece, last)
            # After the last piece, too: the connection may serve another call.
            if self._filled.is_set() and not self._transport.is_closing():
                self._transport.resume_reading()
            self._filled.clear()
            if last:
                return

    def _write(self, piece: bytes, last: bool) -> None:
        """In a thread: files and packed content take their time."""
        try:
            if self._inflate is None:
                self._file.write(piece)  # its size was counted when it came
                return
            while piece:
                self._write_unpacked(self._inflate.decompress(piece, PIECE))
                piece = self._inflate.unconsumed_tail
            if last:
                self._write_unpacked(self._inflate.flush())
        except zlib.error as error:
            raise WireError("the packed content is damaged") from error
        except OSError as error:
            raise FileFailed(error) from error
        if last and self._whole and not self._inflate.eof:
            raise WireError("the packed content has no end")

    def _write_unpacked(self, content: bytes) -> None:
        self._left -= len(content)
        if self._left < 0:
            raise TooLarge
        self._file.write(content)
