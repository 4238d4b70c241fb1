"""Measuring and cutting texts."""

import re

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from kaja.networks.kit.text import count_bytes, count_graphemes, count_utf16, find_links, split_text, trim_link

FAMILY = "👨‍👩‍👧‍👦"
PIECES = st.sampled_from(
    [
        "word",
        "Слово",
        "字。",
        "e\u0301",
        FAMILY,
        "🇪🇪",
        ". ",
        "! ",
        "\n",
        "\n\n",
        " ",
        "https://example.org/a/b?c=d",
        "é" * 7,
    ]
)
TEXTS = st.lists(PIECES, max_size=200).map("".join) | st.text(max_size=300)


@pytest.mark.parametrize(
    ("text", "graphemes", "size", "utf16"),
    [
        ("", 0, 0, 0),
        ("abc", 3, 3, 3),
        ("эхо", 3, 6, 3),
        ("回聲", 2, 6, 2),
        ("e\u0301", 1, 3, 2),
        (FAMILY, 1, 25, 11),
        ("👋🏽", 1, 8, 4),
        ("🇪🇪", 1, 8, 4),
        ("a\r\nb", 3, 4, 4),
        ("\ud800", 1, 3, 1),
    ],
)
def test_measures(text: str, graphemes: int, size: int, utf16: int) -> None:
    assert (count_graphemes(text), count_bytes(text), count_utf16(text)) == (graphemes, size, utf16)


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("ខ្មែរ" * 149, 447),  # as a server of Bluesky said; the newest rules join to 298
        ("क्षत्रिय", 5),
        ("ശ്രീ", 2),
        ("က္က", 2),
        ("\U00011384\U000113b8", 2),  # a vowel sign of a script that came with Unicode 16
        ("คำ", 1),
        ("한국어", 3),
        ("e\u0301", 1),
        (FAMILY, 1),
    ],
)
def test_a_count_is_never_less_than_a_servers_with_older_rules(text: str, counted: int) -> None:
    assert count_graphemes(text) == counted


@settings(deadline=None)
@given(text=st.text(st.sampled_from("កខ្មែរक्षिത്രീကက္ာ่ำ\u200d👩🏽🇪e\u0301 \r\n")))
def test_a_count_is_at_least_that_of_the_newest_rules_and_at_most_the_code_points(text: str) -> None:
    newest = len(regex.findall(r"\X", text))
    assert newest <= count_graphemes(text) <= len(text)
    # By older rules a consonant always begins a cluster.
    consonants = len(regex.findall(r"\p{InCB=Consonant}", text))
    assert count_graphemes(text) >= consonants


@settings(deadline=None)
@given(text=TEXTS, limit=st.integers(1, 60))
def test_split_loses_nothing_and_every_part_fits(text: str, limit: int) -> None:
    parts = split_text(text, lambda part: count_graphemes(part) <= limit, window=limit * 8 + 200)
    assert re.sub(r"\s", "", "".join(parts)) == re.sub(r"\s", "", text)
    for part in parts:
        assert part == part.strip()
        assert part
        assert count_graphemes(part) <= limit


@settings(deadline=None)
@given(text=TEXTS, limit=st.integers(4, 80))
def test_split_keeps_bytes_within_the_limit(text: str, limit: int) -> None:
    for part in split_text(text, lambda part: count_bytes(part) <= limit, window=limit + 1):
        assert count_bytes(part) <= limit


@settings(deadline=None)
@given(words=st.lists(st.text("abc", min_size=1, max_size=9), min_size=1, max_size=60))
def test_no_word_is_cut_that_fits(words: list[str]) -> None:
    parts = split_text(" ".join(words), lambda part: len(part) <= 20, window=50)
    assert " ".join(parts).split(" ") == words


@pytest.mark.parametrize(
    ("text", "limit", "parts"),
    [
        ("", 10, []),
        ("  \n ", 10, []),
        ("short", 10, ["short"]),
        ("first part here\n\nsecond part", 20, ["first part here", "second part"]),
        ("One sentence. Another one. Last", 28, ["One sentence. Another one.", "Last"]),
        ("line one\nline two goes on", 14, ["line one", "line two goes", "on"]),
        ("a\n\nlong paragraph that goes on", 20, ["a\n\nlong paragraph", "that goes on"]),
        ("回聲。回聲。回聲。", 7, ["回聲。回聲。", "回聲。"]),
        ("x" * 25, 10, ["x" * 10, "x" * 10, "x" * 5]),
        (FAMILY * 3, 2, [FAMILY * 2, FAMILY]),
    ],
)
def test_cuts_at_the_best_border(text: str, limit: int, parts: list[str]) -> None:
    assert split_text(text, lambda part: count_graphemes(part) <= limit, window=500) == parts


def test_a_long_text_is_split_without_measuring_it_again_and_again() -> None:
    measured = 0

    def fits(part: str) -> bool:
        nonlocal measured
        measured += len(part)
        return len(part) <= 300

    text = "Some words of a long text. " * 20_000
    parts = split_text(text, fits, window=600)
    assert "".join(parts).replace(" ", "") == text.replace(" ", "")
    assert measured < 30 * len(text)


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("see https://example.org.", ["https://example.org"]),
        ("(https://example.org/a_(b))", ["https://example.org/a_(b)"]),
        ("https://example.org/?q=1&b=2, and http://b.example!", ["https://example.org/?q=1&b=2", "http://b.example"]),
        ("“https://example.org/é”", ["https://example.org/é"]),
        ("xhttps://example.org @https://b.example https://", []),
    ],
)
def test_finds_links(text: str, links: list[str]) -> None:
    assert [text[start:end] for start, end in find_links(text)] == links


@given(st.text(".,)(!]abc", max_size=30))
def test_trimming_a_link_ends(text: str) -> None:
    assert text.startswith(trim_link(text))
    assert trim_link(trim_link(text)) == trim_link(text)
