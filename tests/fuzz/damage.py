"""Damaging bytes as transfers, broken programs and hostile people do. The same seed, the same damage."""

import random
from collections.abc import Callable

Damage = Callable[[random.Random, bytes, bytes], bytes]


def _place(dice: random.Random, data: bytes) -> int:
    """Mostly in the head, where the structure is."""
    reach = len(data) if dice.random() < 0.4 else min(len(data), 600)
    return dice.randrange(max(1, reach))


def cut_off(dice: random.Random, data: bytes, other: bytes) -> bytes:
    return data[: _place(dice, data)]


def flip(dice: random.Random, data: bytes, other: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 5, 30))):
        changed[_place(dice, data)] ^= 1 << dice.randrange(8)
    return bytes(changed)


def overwrite(dice: random.Random, data: bytes, other: bytes) -> bytes:
    """Numbers at their ends: lengths, counts and sizes of a file mostly have two or four bytes."""
    changed = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 4))):
        at = _place(dice, data)
        number = dice.choice((b"\0", b"\xff", b"\x7f", b"\x80", b"\0\0", b"\xff\xff", b"\0\0\0\0", b"\xff" * 4))
        changed[at : at + len(number)] = number
    return bytes(changed)


def take_out(dice: random.Random, data: bytes, other: bytes) -> bytes:
    at = _place(dice, data)
    return data[:at] + data[at + dice.randrange(1, 64) :]


def repeat(dice: random.Random, data: bytes, other: bytes) -> bytes:
    at = _place(dice, data)
    piece = data[at : at + dice.randrange(1, 200)]
    return data[:at] + piece * dice.choice((2, 3, 50)) + data[at:]


def splice(dice: random.Random, data: bytes, other: bytes) -> bytes:
    """The beginning of one file and the end of another."""
    return data[: _place(dice, data)] + other[_place(dice, other) :]


def blank(dice: random.Random, data: bytes, other: bytes) -> bytes:
    at = _place(dice, data)
    length = dice.randrange(1, 2000)
    return data[:at] + bytes(min(length, len(data) - at)) + data[at + length :]


EVERY: tuple[Damage, ...] = (cut_off, flip, flip, overwrite, overwrite, take_out, repeat, splice, blank)


def damage(dice: random.Random, data: bytes, other: bytes) -> bytes:
    """One damaged variant; `other` is another file of the same sort."""
    changed = dice.choice(EVERY)(dice, data, other)
    return dice.choice(EVERY)(dice, changed or data, other) if dice.random() < 0.3 else changed
