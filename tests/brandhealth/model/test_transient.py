from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaja.brandhealth.model import transient
from kaja.brandhealth.model.estimate import Posterior, fit_counts
from kaja.brandhealth.model.variance import TRANSIENT_DF
from kaja.brandhealth.reading.index import read_index
from kaja.brandhealth.worlds.simulate import DEFAULT_TAU, ModelWorld, draw_from_model


def student(v: np.ndarray, tau: float) -> np.ndarray:
    df = TRANSIENT_DF
    density = (1.0 + (v / tau) ** 2 / df) ** (-(df + 1.0) / 2.0)
    return np.asarray(density * 2.0 / (np.pi * np.sqrt(3.0) * tau))  # the constant of three degrees of freedom


@pytest.mark.parametrize("tone", [(0.1, 0.05, 0.1), (0.0, 0.6, 0.05), (0.1, -0.4, 0.05)])
@pytest.mark.parametrize("tau", [0.06, 0.1, 0.4])
def test_evidence_and_mean_are_those_of_the_integral(tone: tuple[float, ...], tau: float) -> None:
    """Three weeks, the walk integrated in closed form and the transients on a fine grid."""
    precision = np.diag([90.0, 130.0, 100.0]) + 10.0
    shift = precision @ np.array(tone)
    grid = np.linspace(-1.8, 1.8, 145)
    v = np.stack(np.meshgrid(grid, grid, grid, indexing="ij"), axis=-1).reshape(-1, 3)
    prior = transient.walk_covariance(3, 0.08)
    middle = np.linalg.inv(np.linalg.inv(prior) + precision)
    # exp(-(mu + v)' P (mu + v) / 2 + b' (mu + v)) averaged over mu ~ N(0, prior), for every v
    left = shift - v @ precision
    exponent = 0.5 * np.sum((left @ middle) * left, axis=1) + v @ shift - 0.5 * np.sum((v @ precision) * v, axis=1)
    top = exponent.max()
    mass = np.exp(exponent - top) * np.prod(student(v, tau), axis=1)
    exact = np.log(mass.sum() * (grid[1] - grid[0]) ** 3) + top
    exact -= 0.5 * np.linalg.slogdet(np.eye(3) + prior @ precision)[1]
    found = transient._tone(precision, shift, 3, 0.08)
    value, mean, _, _ = transient._propagate(found, tau, (np.full(3, 1e-6), np.zeros(3)))
    assert found.log_evidence + value == pytest.approx(exact, abs=0.1)
    assert np.allclose(mean, mass @ v / mass.sum(), atol=0.04)


@given(st.lists(st.floats(-1.0, 1.0), min_size=4, max_size=10), st.floats(5.0, 1e5), st.floats(0.02, 0.6))
def test_the_split_always_holds_together(tone: list[float], precision: float, tau: float) -> None:
    weeks = len(tone)
    information = precision * np.eye(weeks)
    found = transient._tone(information, information @ np.array(tone), weeks, 0.08)
    value, mean, cov, _ = transient._propagate(found, tau, (np.full(weeks, 1e-6), np.zeros(weeks)))
    assert np.isfinite(value)
    assert (np.diag(cov) > 0).all()
    assert np.linalg.eigvalsh(cov).min() > -1e-9
    assert np.abs(mean).max() < 3.0


def world(pile: float) -> Posterior:
    size = ModelWorld(votes=2e6, weeks=30, formats=3, domains=9, topics=2, pair_authors=0, labels=0)
    drawn = draw_from_model(21, replace(size, tau=DEFAULT_TAU | {"v": 0.0}))
    n = drawn.counts.n.copy()
    if pile:
        week = drawn.counts.week == 15
        moved = np.floor(n[week, 2] * pile)
        n[week, 2] -= moved
        n[week, 0] += moved
    return fit_counts(replace(drawn.counts, n=n))


def test_without_pile_ons_the_spike_wins() -> None:
    split = world(0.0).split
    assert split.no_pile_ons > 0.8
    assert sum(s.weight for s in split.settings) == pytest.approx(1.0)


def test_a_pile_on_is_seen_and_left_out_of_the_index() -> None:
    calm, hit = world(0.0), world(0.5)
    assert hit.split.no_pile_ons < 0.2
    tone = hit.get("mu") + hit.get("v")
    fall = tone[15] - (tone[14] + tone[16]) / 2.0
    left = read_index(hit, 1.0).mean - read_index(calm, 1.0).mean
    assert fall < -0.5
    assert abs(left[15] - (left[14] + left[16]) / 2.0) < 0.2 * abs(fall)
