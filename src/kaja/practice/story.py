"""What the audience does, one deed after the other. Every deed follows from the seed, its number and the mood alone:
the same seed tells the same story, however fast it is told, and a longer telling begins like a shorter one."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kaja.practice.people import PER_LANGUAGE, find_person, name_person
from kaja.practice.wording import LANGUAGES, has_more, list_themes, load_words, write_sentence

NEGATIVE = frozenset({"complaint", "storm", "mention.bad", "direct.bad", "chat.bad", "review.1", "review.2"})
TURNS = 3
"""How often somebody goes on after an answer; then they have had enough."""


@dataclass(frozen=True)
class Mood:
    """How many speak, and how: weights of what they do, by theme."""

    per_minute: float
    negative: float
    """The share of what is said that is against the account."""
    good: Mapping[str, int]
    bad: Mapping[str, int]
    minutes: float = 0.0
    """How long it lasts before the day is calm again; 0: until somebody says otherwise."""


MOODS: dict[str, Mood] = {
    "off": Mood(0.0, 0.0, {}, {}),
    "calm": Mood(
        0.6,
        0.14,
        {
            "question": 28, "praise": 26, "chat.good": 12, "mention.good": 8, "direct": 12, "review.5": 4,
            "review.4": 3, "review.3": 2, "spam": 4, "edit": 3, "delete": 2,
        },
        {"complaint": 60, "direct.bad": 15, "mention.bad": 8, "review.2": 6, "review.1": 5, "chat.bad": 6},
    ),
    "launch": Mood(
        10.0,
        0.06,
        {
            "launch": 44, "question": 24, "praise": 8, "chat.good": 14, "mention.good": 9, "direct": 5, "review.5": 2,
            "spam": 5, "edit": 2, "delete": 1,
        },
        {"complaint": 70, "chat.bad": 20, "mention.bad": 10},
        minutes=30,
    ),
    "storm": Mood(
        60.0,
        0.8,
        {"question": 30, "chat.good": 30, "praise": 20, "direct": 8, "spam": 8, "edit": 6, "delete": 6},
        {"storm": 60, "chat.bad": 18, "mention.bad": 9, "direct.bad": 6, "review.1": 5, "review.2": 2},
        minutes=10,
    ),
}  # fmt: skip
"""By name. A calm day's pace is that of the hour after the account did something (`player.py`)."""
EVEN: Mapping[str, float] = {"en": 40, "ru": 25, "et": 20, "zh-Hant": 15}


@dataclass(frozen=True)
class Telling:
    """How a story is told."""

    mood: str = "calm"
    seed: int = 1
    shares: Mapping[str, float] = field(default_factory=lambda: dict(EVEN))
    negative: float | None = None
    per_minute: float | None = None

    @property
    def pace(self) -> float:
        return MOODS[self.mood].per_minute if self.per_minute is None else self.per_minute


@dataclass(frozen=True)
class Deed:
    """One thing that somebody of the audience does. `aim` in [0, 1) says at what, among all that is there; `pause` is
    how long after the one before, in units of the usual."""

    theme: str
    language: str
    person: str
    text: str
    rating: int
    aim: float
    pause: float

    @property
    def negative(self) -> bool:
        return self.theme in NEGATIVE or self.theme.split(".")[0] in NEGATIVE

    @property
    def way(self) -> str:
        """By which way it comes: comment, chat, mention, direct, review, edit or delete."""
        first = self.theme.split(".")[0]
        return first if first in ("chat", "mention", "direct", "review", "edit", "delete") else "comment"


def make_deed(telling: Telling, number: int, account: str) -> Deed:
    """The so-many-th deed of a story."""
    chance = random.Random(f"{telling.seed}/{telling.mood}/{number}")  # noqa: S311 - a story, no secret
    mood = MOODS[telling.mood]
    negative = mood.negative if telling.negative is None else telling.negative
    language = _choose(chance, telling.shares)
    weights = mood.bad if chance.random() < negative and mood.bad else mood.good
    theme = _choose(chance, weights)
    if theme in ("question", "complaint"):
        theme = chance.choice(list_themes(language, theme))
    person = name_person(language, chance.randrange(PER_LANGUAGE))
    rating = int(theme.partition(".")[2]) if theme.startswith("review.") else 0
    aim, pause = chance.random(), min(chance.expovariate(1.0), 4.0)
    if theme == "delete":
        return Deed(theme, language, person, "", 0, aim, pause)
    dressed = theme.split(".")[0] in ("question", "complaint", "praise")
    return Deed(
        theme, language, person, write_sentence(language, theme, chance, account, dressed=dressed), rating, aim, pause
    )


@dataclass(frozen=True)
class Gesture:
    """What somebody does without a word: like, share, follow, or take one of these back. `aim` says at what."""

    kind: str
    person: str
    on: bool
    aim: float


def list_gestures(telling: Telling, number: int) -> list[Gesture]:
    """What is done beside the so-many-th deed. More people press than write."""
    chance = random.Random(f"{telling.seed}/{telling.mood}/{number}/gestures")  # noqa: S311
    mood = MOODS[telling.mood]
    if chance.random() < (mood.negative if telling.negative is None else telling.negative):
        return []
    found = []
    for _ in range(chance.choices((0, 1, 2, 3), (25, 40, 25, 10))[0]):
        language = _choose(chance, telling.shares)
        kind = chance.choices(("like", "share", "follow"), (70, 14, 16))[0]
        person = name_person(language, chance.randrange(PER_LANGUAGE))
        found.append(Gesture(kind, person, chance.random() > 0.08, chance.random()))
    return found


def _choose(chance: random.Random, weights: Mapping[str, float]) -> str:
    names = sorted(weights)  # in one order, whatever order they were given in
    return chance.choices(names, [weights[name] for name in names])[0]


@dataclass(frozen=True)
class Reaction:
    """What somebody says to an answer of ours, so many seconds later; no text: they stay silent."""

    theme: str
    text: str
    after: float


def react(seed: int, key: str, theme: str, person_id: str, turn: int, account: str) -> Reaction:
    """To an answer to `theme`, the `turn`-th that this person gets in the branch. `key` names the branch in the story,
    so that two people who ask the same do not go on alike."""
    person = find_person(person_id)
    chance = random.Random(f"{seed}/{key}/{theme}/{person_id}/{turn}")  # noqa: S311
    if person is None or turn >= TURNS or theme in ("spam", "thanks"):
        return Reaction("", "", 0.0)
    language, first = person.language, theme.split(".")[0]
    bad = Deed(theme, language, person_id, "", 0, 0, 0).negative or theme == "insist"
    thank, more, insist, silent = {
        "warm": (60, 25, 5, 10),
        "curious": (35, 50, 5, 10),
        "sour": (25, 10, 50, 15),
        "quiet": (35, 10, 5, 50),
    }[person.temper]
    if bad:
        insist += 25
    goes_on = first in ("question", "complaint") and turn == 0 and has_more(language, theme)
    chosen = _choose(
        chance,
        {"thank": thank, "more": more if goes_on else 0, "insist": insist if bad or turn == 0 else 0, "": silent},
    )
    names = {"thank": "soothed" if bad else "thanks", "more": f"{theme}.more", "insist": "insist", "": ""}
    if not (section := names[chosen]):
        return Reaction("", "", 0.0)
    said = write_sentence(language, section, chance, account, dressed=False)
    return Reaction(
        "thanks" if chosen == "thank" else section.removesuffix(".more"), said, 6.0 + chance.random() * 40.0
    )


def parse_telling(given: Mapping[str, Any]) -> Telling:
    """Checked settings of a story. Raises ValueError, which says what is wrong with which."""
    mood = given.get("mood", "calm")
    if mood not in MOODS:
        raise ValueError(f"mood: must be one of {', '.join(MOODS)}")
    shares = given.get("shares") or dict(EVEN)
    if not isinstance(shares, Mapping) or not set(shares) <= set(LANGUAGES):
        raise ValueError(f"shares: must be an object of {', '.join(LANGUAGES)}")
    weights = {language: _number(f"shares.{language}", shares.get(language, 0), 0, 1000) for language in LANGUAGES}
    if not any(weights.values()):
        raise ValueError("shares: somebody has to speak")
    negative, pace = given.get("negative"), given.get("per_minute")
    return Telling(
        str(mood),
        int(_number("seed", given.get("seed", 1), -(2**53), 2**53)),
        {language: weight for language, weight in weights.items() if weight},
        None if negative is None else _number("negative", negative, 0, 1),
        None if pace is None else _number("per_minute", pace, 0, 6000),
    )


def _number(name: str, value: Any, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"{name}: must be a number from {low:g} to {high:g}")
    return value


def describe_telling(telling: Telling) -> dict[str, Any]:
    """As it is stored and told; the inverse of `parse_telling`."""
    return {
        "mood": telling.mood,
        "seed": telling.seed,
        "shares": dict(telling.shares),
        "negative": telling.negative,
        "per_minute": telling.per_minute,
    }


def list_posts(language: str) -> tuple[str, ...]:
    """What a bakery posts itself, for a past that is made up."""
    return load_words(language)["posts"]
