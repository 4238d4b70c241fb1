import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaja.brandhealth.model.estimate import Posterior, fit_counts
from kaja.brandhealth.model.ordinal import class_probabilities
from kaja.brandhealth.model.pairfit import joint_table
from kaja.brandhealth.model.share import Explained, summarise_share
from kaja.brandhealth.worlds.people import PeopleWorld, draw_people
from kaja.brandhealth.worlds.simulate import ModelWorld, draw_from_model

TONE = st.floats(-3, 3)


def explained(posterior: Posterior) -> Explained:
    assert posterior.explained is not None
    return posterior.explained


@given(TONE, TONE, st.floats(0.2, 2), st.floats(-0.5, 0.5), st.floats(-2, 4))
def test_margins_are_the_cells_own(eta1: float, eta2: float, g: float, ell: float, log_psi: float) -> None:
    one, two, scale = np.array([eta1]), np.array([eta2]), np.array([ell])
    table = joint_table(one, two, g, scale, scale, log_psi)[0]
    assert (table > -1e-9).all()
    assert np.allclose(table.sum(axis=1), class_probabilities(one, g, ell)[0], atol=1e-8)
    assert np.allclose(table.sum(axis=0), class_probabilities(two, g, ell)[0], atol=1e-8)


@given(TONE, TONE, st.floats(0.1, 3))
def test_the_odds_ratio_is_global(eta1: float, eta2: float, log_psi: float) -> None:
    """Dale's definition: the same odds ratio at every cut of both answers."""
    zero = np.zeros(1)
    table = joint_table(np.array([eta1]), np.array([eta2]), 0.6, zero, zero, log_psi)[0]
    for i in (1, 2):
        for j in (1, 2):
            odds = table[:i, :j].sum() * table[i:, j:].sum() / (table[:i, j:].sum() * table[i:, :j].sum())
            assert np.log(odds) == pytest.approx(log_psi, abs=1e-4)


def test_independence_has_no_hole() -> None:
    at, zero = np.array([0.3]), np.zeros(1)
    near, exact = joint_table(at, -at, 0.6, zero, zero, 2e-4), joint_table(at, -at, 0.6, zero, zero, 0.0)
    assert np.allclose(near, exact, atol=1e-4)


@pytest.mark.parametrize(("kind", "low", "high"), [("expression", 0.7, 1.3), ("selection", -0.35, 0.45)])
def test_the_share_is_recovered_from_authors(kind: str, low: float, high: float) -> None:
    world = PeopleWorld(kind=kind, votes=1e6, weeks=20, domains=15, topics=3, pair_authors=4000, labels=1000)  # type: ignore[arg-type]
    shares = [summarise_share(explained(fit_counts(draw_people(seed, world).counts))).mean for seed in (20, 22)]
    assert low < float(np.mean(shares)) < high


def test_without_pairs_the_share_is_not_guessed() -> None:
    posterior = fit_counts(
        draw_from_model(2, ModelWorld(votes=5e3, weeks=8, formats=2, domains=4, topics=2, pair_authors=0)).counts
    )
    assert not posterior.layout.has_pairs


def test_weights_of_the_explanations_sum_to_one(fitted: Posterior) -> None:
    weights = explained(fitted).weights
    assert weights.free + weights.expression + weights.selection == pytest.approx(1)
    told = summarise_share(explained(fitted))
    assert told.low <= told.mean <= told.high
