"""The audience's story: the same seed tells the same, in the languages and the mood that were asked for."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaja.practice.people import PER_LANGUAGE, draw_avatar, find_person, list_people, name_person
from kaja.practice.story import MOODS, TURNS, Telling, describe_telling, make_deed, parse_telling, react
from kaja.practice.wording import LANGUAGES, list_themes, load_words, write_sentence

shares = st.dictionaries(st.sampled_from(LANGUAGES), st.integers(1, 100), min_size=1)
moods = st.sampled_from([mood for mood in MOODS if mood != "off"])


@given(st.integers(0, 2**31), moods, shares, st.integers(1, 30))
def test_the_same_seed_tells_the_same_story(seed: int, mood: str, told_in: dict[str, float], length: int) -> None:
    telling = Telling(mood, seed, told_in)
    story = [make_deed(telling, number, "Bakery") for number in range(length)]
    # Told again, backwards, and from settings that were stored meanwhile.
    again = parse_telling(describe_telling(telling))
    assert [make_deed(again, number, "Bakery") for number in reversed(range(length))] == story[::-1]
    assert {deed.language for deed in story} <= set(told_in)
    assert all(len(deed.text) <= 400 and "{" not in deed.text for deed in story)


def test_another_seed_tells_another_story() -> None:
    one, two = ([make_deed(Telling(seed=seed), number, "B") for number in range(30)] for seed in (1, 2))
    assert one != two


@given(st.integers(0, 2**31), st.sampled_from(LANGUAGES), st.integers(0, PER_LANGUAGE - 1), st.integers(0, 5))
def test_the_same_answer_is_met_the_same_way(seed: int, language: str, number: int, turn: int) -> None:
    person = name_person(language, number)
    for theme in ("question.hours", "complaint.stale", "praise", "spam"):
        first = react(seed, "key", theme, person, turn, "Bakery")
        assert first == react(seed, "key", theme, person, turn, "Bakery")
        assert turn < TURNS or not first.text


def test_every_way_of_taking_an_answer_is_met() -> None:
    met = {
        react(1, str(key), "question.hours", person.id, 0, "Bakery").theme
        for key in range(5)
        for person in list_people("en")
    }
    assert met == {"", "thanks", "question.hours", "insist"}


@pytest.mark.parametrize(("mood", "least", "most"), [("calm", 0.05, 0.25), ("launch", 0.0, 0.15), ("storm", 0.7, 0.9)])
def test_the_mood_says_how_much_is_against_us(mood: str, least: float, most: float) -> None:
    deeds = [make_deed(Telling(mood), number, "Bakery") for number in range(1000)]
    share = sum(deed.negative for deed in deeds) / len(deeds)
    assert least < share < most
    asked = Telling(mood, negative=1.0)
    assert all(make_deed(asked, number, "Bakery").negative for number in range(100))


def test_languages_come_in_their_shares() -> None:
    deeds = [make_deed(Telling(shares={"ru": 3, "et": 1}), number, "Bakery") for number in range(1000)]
    spoken = [deed.language for deed in deeds]
    assert set(spoken) == {"ru", "et"}
    assert 650 < spoken.count("ru") < 850


def test_every_language_has_words_for_every_theme() -> None:
    wanted = {name for name in load_words("en") if not name.startswith(":")}
    for language in LANGUAGES:
        words = load_words(language)
        assert wanted == {name for name in words if not name.startswith(":")}
        sentences = sum(len(lines) for name, lines in words.items() if name not in ("given", "family"))
        assert sentences > 250
        places = {place for lines in words.values() for line in lines for place in re.findall(r"\{(\w+)\}", line)}
        assert {f":{place}" for place in places - {"account"}} <= set(words)
        assert len({line for name, lines in words.items() if not name.startswith(":") for line in lines}) > 250
        assert list_themes(language, "question") == list_themes("en", "question")


def test_sentences_are_about_many_things() -> None:
    import random

    said = {write_sentence("en", "praise", random.Random(number), "Bakery") for number in range(500)}
    assert len(said) > 250


def test_people_are_who_they_are() -> None:
    people = list_people()
    assert len({person.name for person in people}) == len(people) == PER_LANGUAGE * len(LANGUAGES)
    assert len({person.handle for person in people}) == len(people)
    assert all(person.handle.isascii() for person in people)
    assert find_person("p0") == find_person("p0")
    for wrong in ("", "p", "p-1", "p01", "p400", "x3", "p９", "p1e2"):
        assert find_person(wrong) is None
    assert draw_avatar("p1") == draw_avatar("p1") != draw_avatar("p2")


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"mood": "furious"}, "mood"),
        ({"seed": "x"}, "seed"),
        ({"seed": True}, "seed"),
        ({"shares": {"fr": 1}}, "shares"),
        ({"shares": {"en": -1}}, "shares.en"),
        ({"shares": {"en": 0}}, "shares"),
        ({"shares": [1]}, "shares"),
        ({"negative": 2}, "negative"),
        ({"per_minute": -1}, "per_minute"),
    ],
)
def test_settings_that_are_wrong_say_which(settings: dict[str, Any], field: str) -> None:
    with pytest.raises(ValueError, match=rf"^{re.escape(field)}: "):
        parse_telling(settings)
