"""Why venues differ: the division between a constant, a drifting and a pure share."""

from dataclasses import replace

import numpy as np
import pytest

from kaja.brandhealth.arrays import Floats
from kaja.brandhealth.model.estimate import Posterior, fit_counts
from kaja.brandhealth.model.layout import M_MEAN, NAMES, PULL, RHO, Layout, make_layout
from kaja.brandhealth.model.pairfit import make_pair_data, pair_information, pair_value
from kaja.brandhealth.model.share import SPIKE, STEADY, TREND_SD, Explained, explain_venues, positions, steady_move
from kaja.brandhealth.model.variance import Hyper, start_hyper
from kaja.brandhealth.reading.index import _share_times_tone, read_functional, read_index, read_parts
from kaja.brandhealth.reading.validate import pearson
from kaja.brandhealth.worlds.people import PeopleWorld, draw_people
from kaja.brandhealth.worlds.simulate import ModelWorld, draw_from_model

TINY = ModelWorld(votes=5e3, weeks=12, formats=3, domains=6, topics=2, pair_authors=300)
LAYOUT = make_layout(draw_from_model(1, TINY).counts, True)


def _told(
    layout: Layout, hyper: Hyper, path: Floats, cov: Floats, moved: Floats | None = None, error: float = 0.0
) -> Explained:
    """The explanation where the data say rho is ``path`` with covariance ``cov``, and nothing about the residuals.

    ``moved`` (T,) is what a classifier's logit of standard deviation ``error`` changes of what they say.
    """
    at, weight = positions(layout), hyper.weights(layout)
    precision = layout.precision(weight)
    weeks = at[: layout.weeks]
    said = np.linalg.inv(cov)
    precision[np.ix_(weeks, weeks)] += said
    shift = np.zeros(layout.size)
    shift[weeks] += said @ path
    for name, prior in (("rho", RHO), ("m_mean", M_MEAN), ("pull", PULL)):
        shift[layout.at[name]] += prior[0] / prior[1] ** 2
    covariance: Floats = np.linalg.inv(precision).astype(np.float64)
    by_matrix = np.zeros((layout.size, 0)) if moved is None else (covariance[:, weeks] @ said @ moved)[:, None]
    spread = np.full((by_matrix.shape[1],) * 2, error**2)
    told: Floats = covariance @ shift
    return explain_venues(told, covariance, by_matrix, spread, hyper, layout)


def test_errors_of_the_classifier_widen_what_the_data_say() -> None:
    """However large: where the matrices might move everything, the share is left to its prior, not thrown about."""
    t = LAYOUT.weeks
    path, cov, moved = np.linspace(0.9, 0.6, t), 0.2**2 * np.eye(t), np.ones(t) + 3.0 * steady_move(t)
    for error in (0.0, 0.3, 30.0):
        one = _told(LAYOUT, start_hyper(LAYOUT), path, cov, moved, error)
        two = _told(LAYOUT, start_hyper(LAYOUT), path, cov + error**2 * np.outer(moved, moved))
        assert one.weights.free == pytest.approx(two.weights.free, abs=1e-3)
        assert np.allclose(one.rho, two.rho, atol=1e-3)
        assert np.allclose(one.covariance, two.covariance, atol=1e-3)
        assert np.abs(one.rho).max() < 1.5


def test_the_answer_does_not_depend_on_the_scales_of_the_fit() -> None:
    """The walk's and the residuals' standard deviations are integrated out: where they stood must not matter."""
    one, two = start_hyper(LAYOUT), start_hyper(LAYOUT)
    two.log_tau[[NAMES.index("rho"), NAMES.index("xi")]] += (1.1, -0.7)
    path = np.linspace(0.9, 0.3, LAYOUT.weeks)
    first, second = (_told(LAYOUT, hyper, path, 0.3**2 * np.eye(path.size)) for hyper in (one, two))
    assert first.weights.free == pytest.approx(second.weights.free, abs=1e-6)
    assert np.allclose(first.rho, second.rho, atol=1e-6)
    assert np.allclose(first.covariance, second.covariance, atol=1e-6)


def test_the_weights_are_those_of_a_long_simulation() -> None:
    """Importance weights of draws from the prior, written without any algebra of the library."""
    sd, draws, t = 0.5, 200_000, LAYOUT.weeks
    path = 0.7 - 0.6 * steady_move(t)
    told = _told(LAYOUT, start_hyper(LAYOUT), path, sd**2 * np.eye(t))
    rng = np.random.default_rng(4)
    tau = 0.02 * np.exp(0.8 * rng.normal(size=(draws, 1)))
    walk = np.cumsum(np.c_[np.zeros(draws), tau * rng.normal(size=(draws, t - 1))], axis=1)
    steady = rng.random(draws) < STEADY
    rho = RHO[0] + RHO[1] * rng.normal(size=(draws, 1)) + walk
    rho += np.outer(steady * TREND_SD * rng.normal(size=draws), steady_move(t))

    def likelihood(share: Floats) -> Floats:
        return np.asarray(np.exp(-0.5 * np.sum((share - path) ** 2, axis=-1) / sd**2))

    free = likelihood(rho)
    evidence = np.array(
        [(1 - 2 * SPIKE) * free.mean(), SPIKE * likelihood(np.ones(t)), SPIKE * likelihood(np.zeros(t))]
    )
    evidence /= evidence.sum()
    weights = told.weights
    assert np.allclose([weights.free, weights.expression, weights.selection], evidence, atol=0.01)
    assert told.steady == pytest.approx(free[steady].sum() / free.sum(), abs=0.02)
    assert np.allclose(told.rho, free @ rho / free.sum(), atol=0.02)


@pytest.mark.parametrize(("end", "low", "high"), [(0.9, 0.0, 0.35), (0.0, 0.9, 1.0)])
def test_a_steady_move_is_told_from_a_constant(end: float, low: float, high: float) -> None:
    told = _told(LAYOUT, start_hyper(LAYOUT), np.linspace(0.9, end, LAYOUT.weeks), 0.2**2 * np.eye(LAYOUT.weeks))
    assert low <= told.steady <= high
    assert told.rho[0] - told.rho[-1] == pytest.approx(0.9 - end, abs=0.15)


def test_derivatives_of_the_pairs_are_right() -> None:
    drawn = draw_from_model(3, TINY)
    layout = make_layout(drawn.counts, True)
    data = make_pair_data(drawn.counts, layout)
    assert data is not None
    x = 0.3 * np.random.default_rng(0).normal(size=layout.size)
    matrices = drawn.truth["matrices"]
    slope = pair_information(x, matrices, data, layout)[1]
    step = 1e-5 * np.eye(layout.size)
    found = [pair_value(x + s, matrices, data, layout) - pair_value(x - s, matrices, data, layout) for s in step]
    assert np.allclose(np.array(found) / 2e-5, slope, atol=1e-5)


def test_people_seen_in_two_venues_speak_to_the_share_by_their_level() -> None:
    """What authors say about the share, with how far their own opinion follows the venues', and without."""
    world = PeopleWorld(kind="expression", votes=1e5, weeks=16, domains=10, topics=2, segments=2, labels=3000)
    posterior = fit_counts(draw_people(24, world).counts)
    layout = posterior.layout
    information = np.linalg.inv(posterior.covariance)
    mean = np.zeros(layout.size)
    mean[layout.part("rho")] = 1.0 / layout.weeks
    known = information.copy()
    # a level of its own for every pair of venues, of which nothing is known beforehand, takes the information away
    m = layout.part("m")
    known[m, m] -= np.eye(len(layout.pair_types)) * np.exp(-2.0 * posterior.hyper.log_tau[NAMES.index("m")])
    with_level, without = (mean @ np.linalg.solve(matrix, mean) for matrix in (information, known))
    assert with_level < 0.9 * without


def test_a_share_that_drifts_is_followed() -> None:
    world = PeopleWorld(share_drift=True, votes=1e6, weeks=30, domains=15, topics=3, segments=2, pair_authors=4000)
    fell, ours, naive = [], [], []
    for seed in (30, 32):
        lived = draw_people(seed, world)
        posterior = fit_counts(lived.counts)
        assert posterior.explained is not None
        rho = posterior.explained.rho
        fell.append(rho[0] - rho[-1])
        ours.append(pearson(read_index(posterior).mean, lived.truth))
        naive.append(pearson(lived.naive, lived.truth))
    assert np.mean(fell) > 0.4
    assert np.mean(ours) > max(0.8, float(np.mean(naive)))


def test_an_explanation_of_no_weight_changes_nothing(fitted: Posterior) -> None:
    assert fitted.explained is not None
    parts = read_parts(fitted)
    assert sum(weight for weight, _, _ in parts) == pytest.approx(1.0, abs=1e-3)
    weights = replace(fitted.explained.weights, free=0.0, expression=1.0, selection=0.0)
    sure = replace(fitted, explained=replace(fitted.explained, weights=weights))
    pure = next(series for _, share, series in read_parts(sure) if share == 1.0)
    assert np.allclose(read_index(sure).mean, pure.mean)


def test_what_share_and_tone_err_together_is_in_the_interval(fitted: Posterior) -> None:
    """The index holds their product: its mean and covariance against a simulation of both."""
    posterior = replace(fitted, matrix_covariance=0.0 * fitted.matrix_covariance)
    layout, t, draws = posterior.layout, posterior.layout.weeks, 100_000
    at, cov = positions(layout), posterior.covariance
    spread = 1.5 * cov[np.ix_(at, at)]
    found = _share_times_tone(posterior, cov[:, at], spread)
    rng, mix = np.random.default_rng(2), posterior.counts.format_shares()
    gaps = np.zeros((t, layout.size))
    for f in range(layout.formats):
        gaps[:, layout.at["alpha"] + f] += mix[:, f]
        gaps[np.arange(t), layout.at["omega"] + f * t + np.arange(t)] += mix[:, f]
    along = gaps @ cov[:, at] @ np.linalg.inv(cov[np.ix_(at, at)])
    own = read_functional(posterior, gaps @ posterior.x, gaps).covariance - along @ cov[at] @ gaps.T
    errors = rng.multivariate_normal(np.zeros(at.size), spread, draws)
    tone = errors @ along.T + rng.multivariate_normal(np.zeros(t), own, draws)
    product = errors[:, :t] * tone
    product -= product.mean(axis=1, keepdims=True)
    assert np.allclose(found[0], product.mean(axis=0), atol=0.03 * product.std())
    assert np.allclose(found[1], np.cov(product.T), atol=0.05 * product.var())
