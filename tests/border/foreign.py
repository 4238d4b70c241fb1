"""What a decoder of something foreign may do, good and bad; called in an outpost."""

import ctypes
import os
import signal
import time
from pathlib import Path
from typing import IO, Any

from kaja.border import Declined


def echo(value: Any) -> Any:
    return value


def shout(text: str) -> str:
    return text.upper()


def decline() -> None:
    raise Declined("no_picture", width=3)


def stumble() -> None:
    raise UnicodeError("what a decoder says\0" + "x" * 1000)


def hang() -> None:
    while True:
        pass


def sleep() -> None:
    time.sleep(600)


def fill() -> int:
    return len(bytearray(3_000_000_000))


_kept: list[bytes] = []


def keep() -> int:
    _kept.append(b"x" * 200_000_000)
    return os.getpid()


def crash() -> None:
    ctypes.string_at(0)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def leave() -> None:
    os._exit(0)


def read_middle(file: IO[bytes]) -> bytes:
    file.seek(3)
    return file.read(4)


def read_path(path: Path) -> bytes:
    return path.read_bytes()


def environment() -> dict[str, str]:
    return dict(os.environ)


def process() -> int:
    return os.getpid()


def write(path: Path) -> int:
    return path.write_bytes(b"x" * 100)


def much(size: int) -> bytes:
    return b"x" * size
