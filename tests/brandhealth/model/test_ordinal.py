import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaja.brandhealth.model.ordinal import (
    class_derivatives,
    class_probabilities,
    dirichlet_covariance,
    logits_from_matrices,
    matrices_from_logits,
    matrix_posterior,
    matrix_tangent,
    net,
    possible_matrices,
)

TONE = st.floats(-6, 6)
WIDTH = st.floats(0.05, 3)
SCALE = st.floats(-1, 1)


@given(TONE, WIDTH, SCALE)
def test_probabilities_are_a_distribution_and_rise_with_opinion(eta: float, g: float, ell: float) -> None:
    p = class_probabilities(np.array([eta, eta + 0.1]), g, ell)
    assert np.allclose(p.sum(axis=1), 1)
    assert (p >= 0).all()
    assert p[1, 2] > p[0, 2]
    assert p[1, 0] < p[0, 0]


@given(TONE, WIDTH, SCALE)
def test_opinion_and_its_opposite_mirror_each_other(eta: float, g: float, ell: float) -> None:
    one, other = class_probabilities(np.array([eta, -eta]), g, ell)
    assert np.allclose(one, other[::-1])
    assert net(np.array([eta]), g)[0] == pytest.approx(-net(np.array([-eta]), g)[0])


@given(TONE, WIDTH, SCALE)
def test_derivatives_agree_with_differences(eta: float, g: float, ell: float) -> None:
    at, step = np.array([eta]), 1e-6
    p, d = class_derivatives(at, g, ell)
    assert np.allclose(p, class_probabilities(at, g, ell))
    by_eta = class_probabilities(at + step, g, ell) - class_probabilities(at - step, g, ell)
    by_ell = class_probabilities(at, g, ell + step) - class_probabilities(at, g, ell - step)
    by_g = class_probabilities(at, g * np.exp(step), ell) - class_probabilities(at, g * np.exp(-step), ell)
    for i, change in enumerate((by_eta, by_ell, by_g)):
        assert np.allclose(d[:, i], change / (2 * step), atol=1e-7)


def test_extreme_opinions_stay_finite() -> None:
    p, d = class_derivatives(np.array([-1e6, 1e6]), 0.5, 0.0)
    assert np.isfinite(p).all()
    assert np.isfinite(d).all()


@given(st.lists(st.floats(-3, 3), min_size=6, max_size=6))
def test_matrix_logits_round_trip_and_tangent(z: list[float]) -> None:
    logits = np.array([z])
    m = matrices_from_logits(logits)
    assert np.allclose(m.sum(axis=2), 1)
    assert np.allclose(logits_from_matrices(m), logits, atol=1e-8)
    step = 1e-6
    for r in range(6):
        move = np.zeros((1, 6))
        move[0, r] = step
        slope = (matrices_from_logits(logits + move) - matrices_from_logits(logits - move)) / (2 * step)
        assert np.allclose(matrix_tangent(m)[0, r], slope[0], atol=1e-7)


def test_dirichlet_covariance_matches_draws() -> None:
    alpha = np.array([[[80.0, 12, 8], [10, 70, 20], [6, 14, 60]]])
    rng = np.random.default_rng(3)
    draws = np.stack([rng.dirichlet(row, size=20_000) for row in alpha[0]], axis=1)
    sampled = np.cov(logits_from_matrices(draws).T)
    assert np.allclose(dirichlet_covariance(alpha)[0], sampled, rtol=0.25, atol=0.004)


def test_a_group_without_labels_leans_on_the_others() -> None:
    labels = np.zeros((2, 3, 3))
    labels[0] = [[90, 5, 5], [10, 80, 10], [5, 5, 90]]
    alpha = matrix_posterior(labels)
    mean = alpha / alpha.sum(axis=2, keepdims=True)
    assert mean[1, 0, 0] > 0.8
    assert alpha[1].sum() == pytest.approx(15)  # and knows that it is only a guess


LABELS = np.array([[[80.0, 12.0, 8.0], [15.0, 75.0, 10.0], [20.0, 14.0, 66.0]]])


@given(st.lists(st.floats(0.05, 1.0), min_size=3, max_size=3))
def test_a_matrix_that_can_explain_the_votes_is_left_alone(weights: list[float]) -> None:
    alpha = matrix_posterior(LABELS)
    mean = alpha[0] / alpha[0].sum(axis=1, keepdims=True)
    true = np.array(weights) / sum(weights)
    votes = np.tile(1e6 * true @ mean, (4, 1, 1))
    assert np.array_equal(possible_matrices(alpha, votes), alpha)


@given(st.floats(0.02, 0.08))
def test_impossible_votes_move_the_matrix_just_far_enough(beyond: float) -> None:
    alpha = matrix_posterior(LABELS)
    mean = alpha[0] / alpha[0].sum(axis=1, keepdims=True)
    share = mean[2] + beyond * np.array([0.2, -1.0, 0.8])  # fewer neutral votes than any mix of classes would give
    found = possible_matrices(alpha, np.tile(1e6 * share, (4, 1, 1)))
    moved = found[0] / found[0].sum(axis=1, keepdims=True)
    assert (share @ np.linalg.inv(mean)).min() < 0
    assert (share @ np.linalg.inv(moved)).min() > -0.02
    assert np.abs(moved - mean).max() < 0.05 + 3.0 * beyond
    assert np.allclose(found.sum(axis=2), alpha.sum(axis=2))
