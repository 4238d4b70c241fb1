"""The invented people of the audience: who they are follows from their number, so that nobody has to remember them."""

import random
import struct
import zlib
from dataclasses import dataclass
from functools import lru_cache

from kaja.practice.wording import LANGUAGES, load_words

PER_LANGUAGE = 100
TEMPERS = ("warm", "warm", "warm", "curious", "curious", "curious", "sour", "sour", "quiet", "quiet")


@dataclass(frozen=True)
class Person:
    """Somebody of the audience."""

    id: str
    name: str
    handle: str
    language: str
    temper: str


def name_person(language: str, number: int) -> str:
    """The id of the so-many-th person who speaks a language."""
    return f"p{LANGUAGES.index(language) + (number % PER_LANGUAGE) * len(LANGUAGES)}"


def list_people(language: str = "") -> list[Person]:
    """Everybody, or everybody who speaks one language."""
    return [
        person
        for number in range(len(LANGUAGES) * PER_LANGUAGE)
        if (person := find_person(f"p{number}")) and language in ("", person.language)
    ]


@lru_cache(maxsize=1024)
def find_person(person_id: str) -> Person | None:
    """The person of that id; None where there is none."""
    digits = person_id[1:]
    if person_id[:1] != "p" or not (digits.isascii() and digits.isdigit() and len(digits) < 4):
        return None
    number = int(digits)
    if number >= len(LANGUAGES) * PER_LANGUAGE or digits != str(number):
        return None
    language, place = LANGUAGES[number % len(LANGUAGES)], number // len(LANGUAGES)
    given, family = load_words(language)["given"], load_words(language)["family"]
    # 20 and 10: a hundred pairs before the first comes again, as the family names move on after each twenty.
    first, first_latin = _split(given[place % len(given)])
    last, last_latin = _split(family[(place + place // len(given)) % len(family)])
    name = f"{last}{first}" if language == "zh-Hant" else f"{first} {last}"
    temper = TEMPERS[random.Random(f"temper/{number}").randrange(len(TEMPERS))]  # noqa: S311
    return Person(person_id, name, f"{first_latin}.{last_latin}{number}", language, temper)


def _split(written: str) -> tuple[str, str]:
    """A name, and how it is written in a handle."""
    name, _, latin = written.partition("/")
    return name, latin or name.lower()


@lru_cache(maxsize=512)
def draw_avatar(person_id: str) -> bytes:
    """A picture of their own (PNG, 80 by 80): a pattern of five by five, the same on both sides."""
    chance = random.Random(f"avatar/{person_id}")  # noqa: S311
    hue = [chance.randrange(40, 150) for _ in range(3)]
    hue[chance.randrange(3)] = chance.randrange(150, 200)
    cells = [[chance.random() < 0.55 for _ in range(3)] for _ in range(5)]
    lines = []
    for row in cells:
        bits = [0] * 8 + [bit for on in (*row, row[1], row[0]) for bit in [int(on)] * 13] + [0] * 7
        packed = bytes(int("".join(map(str, bits[at : at + 8])), 2) for at in range(0, 80, 8))
        lines += [b"\0" + packed] * 13
    blank = b"\0" + bytes(10)
    raw = b"".join([*[blank] * 8, *lines, *[blank] * 7])
    palette = bytes([min(255, channel // 4 + 190) for channel in hue]) + bytes(hue)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(kind, content)
        for kind, content in (
            (b"IHDR", struct.pack(">IIBBBBB", 80, 80, 1, 3, 0, 0, 0)),
            (b"PLTE", palette),
            (b"IDAT", zlib.compress(raw)),
            (b"IEND", b""),
        )
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
