"""How a call and its answer travel: JSON with the bytes beside it, and open files as descriptors. Never pickle.

What comes back was made by a process that read something hostile, so reading it must not be able to run anything.
"""

import io
import json
import os
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

HEAD = struct.Struct(">IQB")  # length of the JSON, length of all bytes, number of descriptors
MOST_JSON = 64 * 1024 * 1024
MOST_FILES = 8
BLOCK = 1024 * 1024


class Broken(Exception):
    """The other side is gone, or does not speak like one of ours."""


class SharedFile(io.RawIOBase):
    """A file of the other process, read by position: the two never move each other's place in it."""

    def __init__(self, number: int) -> None:
        self._number, self._at = number, 0
        self._size = os.fstat(number).st_size

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError("a place before the beginning")
        self._at = base + offset
        return self._at

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        read = os.preadv(self._number, [view], self._at)
        self._at += read
        return read

    def close(self) -> None:
        if not self.closed:
            os.close(self._number)
        super().close()


def _pack(value: Any, blobs: list[bytes], files: list[int]) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        blobs.append(bytes(value))
        return {"$": "bytes", "length": len(blobs[-1])}
    if isinstance(value, Path):
        return {"$": "path", "path": str(value)}
    if isinstance(value, tuple):
        return {"$": "tuple", "items": [_pack(item, blobs, files) for item in value]}
    if isinstance(value, list):
        return [_pack(item, blobs, files) for item in value]
    if isinstance(value, dict):
        return {"$": "dict", "items": [[str(key), _pack(item, blobs, files)] for key, item in value.items()]}
    if hasattr(value, "fileno"):
        files.append(value.fileno())
        return {"$": "file"}
    raise TypeError(f"{type(value).__name__} does not cross the border")


def _unpack(packed: Any, take: Callable[[int], bytes], files: list[int]) -> Any:
    if isinstance(packed, list):
        return [_unpack(item, take, files) for item in packed]
    if not isinstance(packed, dict):
        return packed
    match packed["$"]:
        case "bytes":
            return take(int(packed["length"]))
        case "path":
            return Path(packed["path"])
        case "tuple":
            return tuple(_unpack(item, take, files) for item in packed["items"])
        case "dict":
            return {key: _unpack(item, take, files) for key, item in packed["items"]}
        case "file":
            return io.BufferedReader(SharedFile(files.pop(0)), BLOCK)
    raise Broken("an unknown kind of value")


def send(sock: socket.socket, value: Any) -> None:
    """Send one value. Raises OSError when nobody is there any more, TypeError for what cannot travel."""
    blobs: list[bytes] = []
    files: list[int] = []
    text = json.dumps(_pack(value, blobs, files)).encode()
    head = HEAD.pack(len(text), sum(map(len, blobs)), len(files))
    if files:
        socket.send_fds(sock, [head], files)
    else:
        sock.sendall(head)
    sock.sendall(text)
    for blob in blobs:
        sock.sendall(blob)


def receive(sock: socket.socket, most: int) -> Any:
    """Receive one value with at most `most` bytes in it. Raises Broken, TimeoutError."""
    try:
        head, files, _, _ = socket.recv_fds(sock, HEAD.size, MOST_FILES)
    except ConnectionError as error:
        raise Broken("gone") from error
    if not head:
        raise Broken("gone")
    head += _read(sock, HEAD.size - len(head))
    length, size, _ = HEAD.unpack(head)
    if length > MOST_JSON or size > most:
        raise Broken("more than was agreed")
    try:
        packed = json.loads(_read(sock, length))
        blobs = memoryview(_read(sock, size))
        at = 0

        def take(count: int) -> bytes:
            nonlocal at
            at += count
            return bytes(blobs[at - count : at])

        return _unpack(packed, take, files)
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise Broken("not what was agreed") from error


def _read(sock: socket.socket, size: int) -> bytearray:
    found = bytearray(size)
    view, at = memoryview(found), 0
    while at < size:
        try:
            count = sock.recv_into(view[at:], min(BLOCK, size - at))
        except ConnectionError as error:
            raise Broken("gone") from error
        if not count:
            raise Broken("gone")
        at += count
    return found
