"""The fits with the expression share held at an end."""

import numpy as np
import pytest

from kaja.brandhealth.model import estimate
from kaja.brandhealth.model.estimate import Posterior, fit_counts
from kaja.brandhealth.model.pairfit import make_pair_data
from kaja.brandhealth.model.share import positions
from kaja.brandhealth.reading.index import read_parts
from kaja.brandhealth.worlds.simulate import ModelWorld, draw_from_model, true_index

MANY_AUTHORS = ModelWorld(votes=5e4, weeks=12, formats=3, domains=6, topics=2, pair_authors=6000, labels=0)


@pytest.fixture(scope="module", params=[(13, 1.0), (6, 0.0)], ids=["expression", "selection"])
def pure(request: pytest.FixtureRequest) -> tuple[float, Posterior, np.ndarray]:
    seed, share = request.param
    drawn = draw_from_model(seed, MANY_AUTHORS)
    assert np.all(drawn.truth["rho"] == share)
    return share, fit_counts(drawn.counts), true_index(drawn.counts, drawn.truth)


def test_the_pure_share_that_is_true_is_found(pure: tuple[float, Posterior, np.ndarray]) -> None:
    share, posterior, truth = pure
    gains = {held.share: held.gain for held in posterior.held}
    assert gains[share] > gains[1.0 - share] + 5.0
    found = {at: (weight, series) for weight, at, series in read_parts(posterior)}
    assert found[share][0] > 0.5
    assert 1.0 - share not in found
    error = (found[share][1].mean - truth) / found[share][1].sd
    assert np.mean(error**2) < 3.0


def test_a_held_fit_stands_at_its_own_mode(pure: tuple[float, Posterior, np.ndarray]) -> None:
    """With the cells as they are, instead of as Gaussian as the free fit found them: less than half a step is left."""
    _, posterior, _ = pure
    layout, counts, blocks = posterior.layout, posterior.counts, posterior.blocks
    pairs = make_pair_data(counts, layout)
    problem = estimate._Problem(counts, layout, blocks, pairs, posterior.matrices)
    for held in posterior.held:
        assert np.all(held.x[layout.part("rho")] == held.share)
        assert not held.x[layout.part("xi")].any()
        assert not held.covariance[positions(layout)].any()
        _, shocks = estimate._best(held.x, posterior.shocks, posterior.hyper, problem)
        gradient = estimate._system(held.x, shocks, posterior.hyper, problem)[2]
        if held.gain > -20.0:  # an end that the data rule out is far away, and has no weight
            assert gradient @ held.covariance @ gradient < 0.25


def test_without_authors_nothing_is_held() -> None:
    world = ModelWorld(votes=5e3, weeks=6, formats=2, domains=4, topics=2, pair_authors=0)
    assert fit_counts(draw_from_model(2, world).counts).held == ()
