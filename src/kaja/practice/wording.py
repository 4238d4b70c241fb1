"""The words of the audience: a file for each language, in sections; sentences have places for words of other sections.

A place is written `{name}`: any line of the section `:name`, or `{account}`, which the story gives. Languages that bend
their words have such lists by case (`:bread`, `:bread_acc`).
"""

import random
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

LANGUAGES = ("en", "ru", "et", "zh-Hant")
FOLDER = Path(__file__).with_name("words")
_PLACE = re.compile(r"\{(\w+)\}")

Words = Mapping[str, tuple[str, ...]]


@cache
def load_words(language: str) -> Words:
    """The sections of a language, by name; a line that begins with # is a remark."""
    sections: dict[str, list[str]] = {}
    name = ""
    for line in (FOLDER / f"{language}.txt").read_text("utf-8").splitlines():
        if line.startswith("[") and line.endswith("]"):
            name = line[1:-1]
            sections[name] = []
        elif line and not line.startswith("#"):
            sections[name].append(line)
    return {section: tuple(lines) for section, lines in sections.items()}


def list_themes(language: str, beginning: str) -> list[str]:
    """The sections below a name: "question" has "question.hours" and others; not what follows up on them."""
    deep = beginning.count(".") + 1
    return [name for name in load_words(language) if name.startswith(f"{beginning}.") and name.count(".") == deep]


def has_more(language: str, theme: str) -> bool:
    """Whether there is something to go on with."""
    return f"{theme}.more" in load_words(language)


def fill(template: str, words: Words, chance: random.Random, given: Mapping[str, str]) -> str:
    """A sentence with its places filled."""
    return _PLACE.sub(lambda place: given.get(place[1]) or chance.choice(words[f":{place[1]}"]), template)


def write_sentence(language: str, theme: str, chance: random.Random, account: str, *, dressed: bool = True) -> str:
    """Something about a theme; dressed with an opening and an end, as people do or do not."""
    words = load_words(language)
    text = fill(chance.choice(words[theme]), words, chance, {"account": account})
    text = text[:1].upper() + text[1:]
    if not dressed:
        return text
    joint = "" if language == "zh-Hant" else " "
    if chance.random() < 0.25:
        text = chance.choice(words["opener"]) + joint + text
    if chance.random() < 0.3:
        text = text + joint + chance.choice(words["closer"])
    return text
