"""The draw is reproducible and fair, and the interval is Wilson's."""

from collections import Counter
from hashlib import sha256
from itertools import pairwise
from uuid import UUID

import pytest

from kaja.inbox.quality.sampling import Share, draw_pairs

MARI, JAAN = UUID(int=1), UUID(int=2)
PAIRS = [(UUID(int=100 + number), member) for number in range(40) for member in (MARI, JAAN)]


def test_the_documented_formula_draws_the_same_again() -> None:
    def rank(pair: tuple[UUID, UUID]) -> str:
        return sha256(f"seed:{pair[0].hex}:{pair[1].hex}".encode()).hexdigest()

    wanted = [pair for member in (MARI, JAAN) for pair in sorted((p for p in PAIRS if p[1] == member), key=rank)[:5]]
    assert draw_pairs("seed", reversed([*PAIRS, *PAIRS]), 5) == wanted
    assert draw_pairs("other", PAIRS, 5) != wanted


def test_a_larger_set_holds_the_smaller_one_and_never_more_than_there_are() -> None:
    sets = [set(draw_pairs("seed", PAIRS, size)) for size in (1, 5, 40, 50)]
    assert all(small <= large for small, large in pairwise(sets))
    assert [len(each) for each in sets] == [2, 10, 80, 80]


def test_each_conversation_is_drawn_about_as_often() -> None:
    drawn = Counter(pair for seed in range(2000) for pair in draw_pairs(str(seed), PAIRS[::2], 10))
    # A quarter of 2,000 each, with a deviation of sqrt(2000 * 1/4 * 3/4) = 19.4: five of them.
    assert len(drawn) == 40
    assert all(abs(count - 500) < 97 for count in drawn.values())


@pytest.mark.parametrize(
    ("yes", "of", "low", "high"),
    # Newcombe, Statistics in Medicine 17, 1998, table I, method 3 (without continuity correction).
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_that_of_the_literature(yes: int, of: int, low: float, high: float) -> None:
    share = Share(yes, of)
    assert share.interval is not None
    assert [round(each, 4) for each in share.interval] == [low, high]
    opposite = Share(of - yes, of).interval
    assert opposite is not None
    assert [round(1 - each, 4) for each in opposite] == [high, low]


def test_nothing_rated_says_nothing() -> None:
    assert (Share(0, 0).value, Share(0, 0).interval) == (None, None)
