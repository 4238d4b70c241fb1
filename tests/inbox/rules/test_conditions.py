"""When a rule is for a message."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kaja.inbox.rules.conditions import Heard, When, compile_pattern, does_match

CHANNEL = UUID(int=7)


def heard(text: str = "", **more: Any) -> Heard:
    return Heard(**{"channel_id": CHANNEL, "kind": "comment", "text": text, **more})


@pytest.mark.parametrize(
    ("words", "text", "found"),
    [
        (["refund"], "I want a REFUND!", True),
        (["refund"], "refunds are slow", False),
        (["refund*"], "refunds are slow", True),
        (["fun"], "a refund", False),
        (["деньги"], "Где мои ДЕНЬГИ?", True),
        (["деньг*"], "верните деньгами", True),
        (["退款"], "我想要退款謝謝", True),  # no spaces between words
        (["õhtu"], "Tere ÕHTUST, õhtu!", True),
        (["ﬁne"], "fine", True),  # a ligature is read as its letters
        (["Straße"], "STRASSE", True),
        (["a.b"], "axb", False),  # no pattern
        (["not there", "late"], "very late", True),
        (["very late"], "it is very late", True),
        (["#sale"], "now #sale", True),
        (["#sale"], "now #sales", False),
        (["*"], "2 * 2", True),
    ],
)
def test_words_are_found_as_people_read_them(words: list[str], text: str, found: bool) -> None:
    assert does_match(When(words=tuple(words)), heard(text)) is found
    assert does_match(When(without=tuple(words)), heard(text)) is not found


@pytest.mark.parametrize(
    ("when", "message", "found"),
    [
        ({}, {}, True),
        ({"channel_ids": [CHANNEL]}, {}, True),
        ({"channel_ids": [UUID(int=8)]}, {}, False),
        ({"kinds": ["direct", "mention"]}, {"kind": "mention"}, True),
        ({"kinds": ["direct"]}, {"kind": "mention"}, False),
        ({"languages": ["zh-Hant"]}, {"language": "zh"}, True),
        ({"languages": ["ru"]}, {"language": ""}, False),
        ({"handles": ["@Mari@snac.example"]}, {"handle": "mari@snac.example"}, True),
        ({"handles": ["mari"]}, {"handle": "maria"}, False),
        ({"first_time": True}, {"first_time": True}, True),
        ({"first_time": False}, {"first_time": True}, False),
        ({"rating_most": 2}, {"rating": 2}, True),
        ({"rating_most": 2}, {"rating": 3}, False),
        ({"rating_most": 2}, {}, False),
        ({"has_link": True}, {"text": "see https://a.example"}, True),
        ({"has_link": True}, {"text": "see SHOP.example.COM now"}, True),
        ({"has_link": True}, {"text": "I came. Then I left."}, False),
        ({"has_link": False}, {"text": "no link"}, True),
        ({"pattern": r"order\s+#?\d{4,}"}, {"text": "ORDER  #12345"}, True),
        ({"pattern": r"^\d+$"}, {"text": "12a"}, False),
        ({"pattern": r"\bзаказ"}, {"text": "Мой заказ"}, False),  # RE2's \b knows ASCII only; `words` knows all
        ({"words": ["late"], "languages": ["en"]}, {"text": "late", "language": "et"}, False),
    ],
)
def test_all_that_is_given_must_hold(when: dict[str, Any], message: dict[str, Any], found: bool) -> None:
    assert does_match(When.model_validate(when), heard(**message)) is found


@pytest.mark.parametrize("pattern", ["(", "(?=x)", r"(a)\1", "(x{1000}){1000}", "[z-a]", "*"])
def test_what_is_no_pattern_is_refused_with_the_engines_words(pattern: str) -> None:
    with pytest.raises(ValidationError) as refused:
        When(pattern=pattern)
    assert "pattern" in str(refused.value)
    with pytest.raises(ValueError, match=r"\w"):
        compile_pattern(pattern)


@pytest.mark.parametrize("pattern", [r"(a+)+$", r"(a|aa)+$", r"(.*a){20}$", r"([a-z]+)*\d"])
def test_no_pattern_takes_its_time(pattern: str) -> None:
    """Each of these takes longer than the age of the world where an engine tries every way (counted in steps, a test
    of time it is none: with such an engine it would never end)."""
    assert does_match(When(pattern=pattern), heard("a" * 19_000 + "!")) is False


@given(st.text(max_size=300), st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=5))
def test_whatever_words_and_texts_there_are_an_answer_comes(text: str, words: list[str]) -> None:
    does_match(When(words=tuple(words), has_link=True), heard(text))
    does_match(When(words=tuple(words)), heard(f"{text} {words[0]} "))


@given(st.text(alphabet=st.characters(categories=("Ll", "Lu", "Nd")), min_size=1, max_size=20))
def test_a_word_by_itself_is_always_found(word: str) -> None:
    assert does_match(When(words=(word,)), heard(f"… {word}, you know"))


def test_a_rule_without_conditions_is_known_as_such() -> None:
    assert When().is_empty()
    assert not When(has_link=False).is_empty()
