import math
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from kaja.brandhealth.model import estimate
from kaja.brandhealth.model.cellfit import make_blocks
from kaja.brandhealth.model.estimate import Posterior, fit_counts
from kaja.brandhealth.model.layout import make_layout
from kaja.brandhealth.model.pairfit import make_pair_data
from kaja.brandhealth.model.variance import start_hyper
from kaja.brandhealth.posts.counts import Counts, merge_cells, week_range
from kaja.brandhealth.reading.index import Series, read_index
from kaja.brandhealth.worlds.simulate import Drawn, ModelWorld, draw_from_model

CELL = ("week", "domain", "topic", "segment", "group", "n")


def one_venue(n: np.ndarray, week: np.ndarray, weeks: int) -> Counts:
    zero = np.zeros(week.size, dtype=np.int64)
    return Counts(
        week_range(date(2024, 1, 1), weeks),
        ("forum",),
        ("a",),
        np.array([0]),
        ("t",),
        ("s",),
        ("forum",),
        week.astype(np.int64),
        zero,
        zero,
        zero,
        zero,
        n.astype(float),
    )


def sensible(series: Series) -> None:
    assert np.isfinite(series.mean).all()
    assert (series.sd > 0).all()
    assert np.abs(series.mean).max() < 5


def test_the_gradient_is_the_objectives(drawn: Drawn) -> None:
    c = merge_cells(drawn.counts)
    layout = make_layout(c, True)
    rng = np.random.default_rng(0)
    matrices = np.repeat(np.array([[[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.05, 0.15, 0.8]]]), layout.groups, axis=0)
    problem = estimate._Problem(c, layout, make_blocks(c), make_pair_data(c, layout), matrices)
    hyper = start_hyper(layout)
    x = estimate._start(problem) + 0.1 * rng.normal(size=layout.size)
    shocks = 0.1 * rng.normal(size=(problem.blocks.size, 2))
    info, value, gradient, _ = estimate._system(x, shocks, hyper, problem)
    assert value <= estimate._best(x, shocks, hyper, problem)[0]
    step = 1e-5
    for name in layout.at:
        move = np.zeros(layout.size)
        move[layout.at[name]] = step
        # the core gradient is taken with the block shocks following along their regression
        follow = -np.einsum("bix,bx->bi", info.couple, move[info.index])
        up = estimate._system(x + move, shocks + follow, hyper, problem)[1]
        down = estimate._system(x - move, shocks - follow, hyper, problem)[1]
        assert gradient[layout.at[name]] == pytest.approx((up - down) / (2 * step), rel=1e-4, abs=1e-3), name


def test_the_fit_ends_and_covers(drawn: Drawn, fitted: Posterior) -> None:
    assert fitted.converged
    index = read_index(fitted)
    assert np.corrcoef(index.mean, drawn.index)[0, 1] > 0.6
    assert np.abs((drawn.index - index.mean) / index.sd).max() < 5


def test_order_and_splitting_of_rows_do_not_matter(drawn: Drawn, fitted: Posterior) -> None:
    c = drawn.counts
    order = np.random.default_rng(5).permutation(c.week.size)
    half = replace(c, **{name: getattr(c, name)[order] for name in CELL})
    twice: dict[str, Any] = {name: np.concatenate([getattr(half, name)] * 2) for name in CELL if name != "n"}
    split = replace(
        half,
        **twice,
        n=np.concatenate([np.floor(half.n / 2), half.n - np.floor(half.n / 2)]),
    )
    assert np.allclose(read_index(fit_counts(split)).mean, read_index(fitted).mean, atol=1e-8)


def test_an_unused_topic_does_not_matter(drawn: Drawn, fitted: Posterior) -> None:
    more = replace(drawn.counts, topics=(*drawn.counts.topics, "never mentioned"))
    other = read_index(fit_counts(more))
    assert np.allclose(other.mean, read_index(fitted).mean, atol=1e-6)
    assert np.allclose(other.sd, read_index(fitted).sd, rtol=1e-3)


@pytest.mark.parametrize(
    "change",
    [
        {"formats": 1, "domains": 3},
        {"topics": 1},
        {"votes": 40.0},
        {"votes": 1e9},
        {"weeks": 3},
        {"labels": 3},
        {"pair_authors": 1},
    ],
    ids=str,
)
def test_odd_sizes_give_sensible_answers(change: dict[str, float]) -> None:
    size = {"votes": 5e3, "weeks": 10, "formats": 2, "domains": 6, "topics": 2, "pair_authors": 50} | change
    posterior = fit_counts(draw_from_model(4, ModelWorld(**size)).counts)  # type: ignore[arg-type]
    for share in (1.0, 0.0, *([None] if posterior.layout.has_pairs else [])):
        sensible(read_index(posterior, share))


def test_three_posts() -> None:
    posterior = fit_counts(one_venue(np.eye(3), np.array([0, 1, 2]), 3))
    series = read_index(posterior, 1.0)
    sensible(series)
    assert (np.abs(series.mean) < series.sd * 2).all()  # three posts prove nothing


def test_all_positive() -> None:
    series = read_index(fit_counts(one_venue(np.tile([0, 0, 100], (8, 1)), np.arange(8), 8)), 1.0)
    sensible(series)
    assert np.abs(series.mean).max() < 0.05


@pytest.mark.parametrize("n", [[5e5, 3e5, 2e5], [1e9, 1.0, 1.0], [3e8, 4e8, 3e8]])
def test_a_million_posts_in_one_cell_do_not_buy_certainty(n: list[float]) -> None:
    table = np.vstack([np.tile([30, 40, 30], (5, 1)), n])
    series = read_index(fit_counts(one_venue(table, np.arange(6), 6)), 1.0)
    sensible(series)
    assert series.sd[5] > 0.02


def test_empty_weeks_are_bridged_with_wider_intervals(drawn: Drawn, fitted: Posterior) -> None:
    c = drawn.counts
    keep = (c.week < 8) | (c.week > 12)
    gap = fit_counts(replace(c, pairs=None, **{name: getattr(c, name)[keep] for name in CELL}))
    series = read_index(gap, 1.0)
    sensible(series)
    assert series.sd[10] > series.sd[3]


def test_venues_that_appear_and_vanish(drawn: Drawn) -> None:
    c = drawn.counts
    keep = ((c.format != 1) | (c.week > 9)) & ((c.format != 2) | (c.week < 10))
    posterior = fit_counts(replace(c, pairs=None, **{name: getattr(c, name)[keep] for name in CELL}))
    for share in (0.0, 1.0):
        sensible(read_index(posterior, share))


def test_without_authors_the_share_must_be_given(drawn: Drawn) -> None:
    posterior = fit_counts(replace(drawn.counts, pairs=None))
    with pytest.raises(ValueError, match="expression share"):
        read_index(posterior)


def test_more_posts_do_not_shrink_the_interval_below_the_venue_noise() -> None:
    size = {"weeks": 16, "formats": 3, "domains": 9, "topics": 2, "labels": 0, "pair_authors": 0}
    sd = [
        float(read_index(fit_counts(draw_from_model(6, ModelWorld(votes=v, **size)).counts), 1.0).sd.mean())  # type: ignore[arg-type]
        for v in (1e4, 1e7, 1e9)
    ]
    assert sd[0] > sd[1]
    assert math.isclose(sd[1], sd[2], rel_tol=0.15)


@pytest.mark.parametrize("seed", [9500, 9504, 9510])
def test_a_billion_votes_settle_though_the_labels_are_few(seed: int) -> None:
    """Worlds whose matrices, from 300 labels, first made the reported votes impossible."""
    world = ModelWorld(
        votes=1e9, weeks=26, formats=4, domains=16, topics=4, segments=1, pair_authors=1000, from_prior=True
    )
    posterior = fit_counts(draw_from_model(seed, world).counts)
    assert posterior.converged
    assert posterior.iterations < 30
    sensible(read_index(posterior))
