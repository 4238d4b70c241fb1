"""Writes static/js/composer/emoji.json: emoji and their Unicode names, from Python's own character database.

    python tools/emoji.py

Single characters of Unicode's emoji blocks plus the flags of countries (two regional indicators each).
"""

import json
import unicodedata
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "src/kaja/static/js/composer/emoji.json"
# Blocks whose characters show as emoji by themselves; smileys first, because they are used most.
FULL = [
    (0x1F600, 0x1F64F), (0x1F970, 0x1F97A), (0x1F910, 0x1F92F), (0x1F440, 0x1F450), (0x1F90C, 0x1F90F),
    (0x1F493, 0x1F49F), (0x1F389, 0x1F38A), (0x1F300, 0x1F320), (0x1F32D, 0x1F335), (0x1F337, 0x1F37C),
    (0x1F37E, 0x1F393), (0x1F3A0, 0x1F3CA), (0x1F3CF, 0x1F3D3), (0x1F3E0, 0x1F3F0), (0x1F3F8, 0x1F43E),
    (0x1F451, 0x1F4FC), (0x1F4FF, 0x1F53D), (0x1F54B, 0x1F54E), (0x1F5FB, 0x1F5FF), (0x1F680, 0x1F6C5),
    (0x1F6D0, 0x1F6D2), (0x1F6EB, 0x1F6EC), (0x1F6F4, 0x1F6FC), (0x1F930, 0x1F945), (0x1F947, 0x1F96F),
    (0x1F97B, 0x1F9FF), (0x1FA70, 0x1FA74), (0x1FA78, 0x1FA7A), (0x1FA80, 0x1FA86), (0x1FA90, 0x1FAA8),
]  # fmt: skip
# Text characters that need the variation selector to show in colour.
SELECTED = "❤☀☁☂☃☎☕☘☝☮☯♻⚓⚖⚙⚠⚡✂✅✈✉✊✋✌✍✏✔✖✨❄❌❓❗➡⬅⬆⬇⭐⭕"
COUNTRIES = """
AE AR AT AU BE BG BR BY CA CH CL CN CY CZ DE DK EE EG ES FI FR GB GE GR HK HR HU ID IE IL IN IS IT JP KR KZ LT LU
LV MD MT MX MY NL NO NZ PE PH PL PT RO RS RU SE SG SI SK TH TR TW UA US UZ VN ZA EU
"""


def name(character: str) -> str:
    """The Unicode name in lower case, or nothing for an unassigned character."""
    return unicodedata.name(character, "").lower()


def collect() -> list[list[str]]:
    """Pairs of emoji and searchable name."""
    found = [[chr(code), name(chr(code))] for first, last in FULL for code in range(first, last + 1)]
    found += [[c + ("\ufe0f" if unicodedata.east_asian_width(c) != "W" else ""), name(c)] for c in SELECTED]
    found += [
        ["".join(chr(0x1F1E6 + ord(letter) - ord("A")) for letter in code), f"flag {code.lower()}"]
        for code in COUNTRIES.split()
    ]
    seen: set[str] = set()
    return [pair for pair in found if pair[1] and not (pair[0] in seen or seen.add(pair[0]))]  # type: ignore[func-returns-value]


if __name__ == "__main__":
    TARGET.write_text(json.dumps(collect(), ensure_ascii=False, separators=(",", ":")) + "\n")
