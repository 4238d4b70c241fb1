from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaja.brandhealth.posts.counts import Counts, OpinionError, merge_cells, week_range
from kaja.brandhealth.reading.baselines import fixed_mix_net, naive_net
from kaja.brandhealth.worlds.simulate import Drawn


def tiny(n: list[list[float]], week: list[int] | None = None, weeks: int = 2) -> Counts:
    size = len(n)
    zero = np.zeros(size, dtype=np.int64)
    return Counts(
        week_range(date(2024, 1, 1), weeks),
        ("forum",),
        ("a",),
        np.array([0]),
        ("t",),
        ("s",),
        ("forum",),
        np.array(week if week is not None else [0] * size),
        zero,
        zero,
        zero,
        zero,
        np.array(n, dtype=float),
    )


@pytest.mark.parametrize(
    ("n", "words"),
    [
        ([[1, 2, -1]], "row 0, column n"),
        ([[1, 2, 3], [1, float("nan"), 0]], "row 1, column n"),
        ([[0, 0, 0]], "not a single vote"),
        ([[1, 2]], "shape"),
    ],
)
def test_bad_counts_are_named(n: list[list[float]], words: str) -> None:
    with pytest.raises(OpinionError, match=words):
        tiny(n)


def test_an_index_outside_is_named() -> None:
    with pytest.raises(OpinionError, match=r"row 1, column week: index 5 outside 0\.\.1"):
        tiny([[1, 0, 0], [1, 0, 0]], [0, 5])


def test_weeks_must_be_contiguous(drawn: Drawn) -> None:
    weeks = drawn.counts.weeks
    with pytest.raises(OpinionError, match="contiguous"):
        replace(drawn.counts, weeks=(*weeks[:-1], weeks[-1] + timedelta(days=7)))


def test_population_must_sum_to_one(drawn: Drawn) -> None:
    with pytest.raises(OpinionError, match="sum to"):
        replace(drawn.counts, population=np.array([0.4, 0.4]))


def test_merging_adds_equal_cells_and_ignores_order(drawn: Drawn) -> None:
    c = drawn.counts
    twice: dict[str, Any] = {
        name: np.concatenate([getattr(c, name), getattr(c, name)[::-1]])
        for name in ("week", "domain", "topic", "segment", "group", "n")
    }
    merged, plain = merge_cells(replace(c, **twice)), merge_cells(c)
    assert np.array_equal(merged.n, 2 * plain.n)
    assert np.array_equal(merged.week, plain.week)


def test_format_shares_sum_to_one_and_bridge_gaps(drawn: Drawn) -> None:
    c = drawn.counts
    keep = (c.week < 5) | (c.week > 8)
    gap = replace(c, **{name: getattr(c, name)[keep] for name in ("week", "domain", "topic", "segment", "group", "n")})
    share = gap.format_shares()
    assert np.allclose(share.sum(axis=1), 1)
    assert (share[6] >= np.minimum(share[4], share[9]) - 1e-12).all()
    assert (share[6] <= np.maximum(share[4], share[9]) + 1e-12).all()


@given(st.lists(st.tuples(*[st.integers(0, 50)] * 3), min_size=2, max_size=6))
def test_naive_net_is_the_net_share(rows: list[tuple[int, int, int]]) -> None:
    if sum(map(sum, rows)) == 0:
        return
    c = tiny([list(r) for r in rows])
    neg, neu, pos = np.array(rows).sum(axis=0)
    assert naive_net(c)[0] == pytest.approx((pos - neg) / (neg + neu + pos))
    assert np.isnan(naive_net(c)[1])
    assert fixed_mix_net(c)[0] == pytest.approx(naive_net(c)[0])  # one venue, one topic: the mix is fixed anyway


def test_fixed_mix_does_not_follow_the_mix() -> None:
    week = np.array([0, 0, 1, 1])
    c = Counts(
        week_range(date(2024, 1, 1), 2),
        ("blog", "forum"),
        ("b", "f"),
        np.array([0, 1]),
        ("t",),
        ("s",),
        ("blog", "forum"),
        week,
        np.array([0, 1, 0, 1]),
        np.zeros(4, dtype=np.int64),
        np.zeros(4, dtype=np.int64),
        np.array([0, 1, 0, 1]),
        np.array([[0, 0, 90.0], [10, 0, 0], [0, 0, 10], [90, 0, 0]]),
    )
    assert naive_net(c)[0] - naive_net(c)[1] == pytest.approx(1.6)
    assert fixed_mix_net(c)[0] == pytest.approx(fixed_mix_net(c)[1])
