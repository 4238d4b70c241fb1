"""When a text on a network may be one of ours."""

import pytest

from kaja.networks.kit.alike import could_be_same


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("Fresh rye today", "Fresh rye today"),
        ("", ""),
        ("It's **open** :)", "It\u2019s open 🙂"),
        ("Win 100 points :100:", "Win 100 points"),
        ("Read https://example.org/2026?id=12 now", "Read example.org/2026?id=12 now"),
        ("The shop opens at nine tomorrow", "The shop opens at ten tomorrow"),
    ],
)
def test_what_a_server_may_have_made_of_it(ours: str, theirs: str) -> None:
    assert could_be_same(ours, theirs)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("Day 12 of our hundred days of bread", "Day 13 of our hundred days of bread"),
        ("Fresh rye today", "Closed on Monday"),
        ("Fresh rye today", ""),
        ("Nº ４ of the series, again", "Nº 5 of the series, again"),
    ],
)
def test_what_is_another_text(ours: str, theirs: str) -> None:
    assert not could_be_same(ours, theirs)
