"""A file as it is with some of its bytes replaced: nothing is copied, and the file itself stays as it was."""

import io
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO


@dataclass(frozen=True, order=True)
class Patch:
    """`content` stands at `at`; without content, `zeros` bytes of zero do."""

    at: int
    content: bytes = b""
    zeros: int = 0

    @property
    def length(self) -> int:
        return len(self.content) or self.zeros


class PatchedFile(io.RawIOBase):
    """Reads a file with patches applied. Later patches of a list win where they overlap; sizes in bytes."""

    def __init__(self, file: IO[bytes], size: int, patches: Iterable[Patch]) -> None:
        self._file, self._size, self._at = file, size, 0
        self._patches = sorted(patches, key=lambda patch: patch.at)
        self._starts = [patch.at for patch in self._patches]
        self._longest = max((patch.length for patch in self._patches), default=0)

    def write_into(self, file: IO[bytes]) -> None:
        """Apply the patches to the file itself, for one that nobody else keeps."""
        for patch in self._patches:
            file.seek(patch.at)
            if patch.content:
                file.write(patch.content)
            for at in range(0, 0 if patch.content else patch.zeros, 1 << 20):
                file.write(bytes(min(1 << 20, patch.zeros - at)))
        file.flush()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence])
        return self._at

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes, all that are left when it is negative."""
        left = max(0, self._size - self._at)
        wanted = left if size < 0 else min(size, left)
        self._file.seek(self._at)
        block = bytearray(self._file.read(wanted))
        begin, end = self._at, self._at + len(block)
        first = bisect_right(self._starts, begin - self._longest)
        for patch in self._patches[max(0, first - 1) : bisect_right(self._starts, end)]:
            low, high = max(begin, patch.at), min(end, patch.at + patch.length)
            if low < high:
                new = patch.content[low - patch.at : high - patch.at] if patch.content else bytes(high - low)
                block[low - begin : high - begin] = new
        self._at = end
        return bytes(block)
