import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaja.brandhealth.estimate import Posterior, fit_counts
from kaja.brandhealth.index import read_index
from kaja.brandhealth.mixevidence import Update, _combine, mix_basis, mix_evidence, unexpressed
from kaja.brandhealth.share import author_weights, share_weights, summarise_share
from kaja.brandhealth.validate import pearson
from kaja.brandhealth.worlds import Lived, PeopleWorld, draw_people

# A development seed: venues grow and die by leaps.
WILD = 2


def wild(kind: str) -> tuple[Lived, Posterior]:
    world = PeopleWorld(kind=kind, votes=1e7, weeks=52, domains=30, topics=2, segments=1)  # type: ignore[arg-type]
    lived = draw_people(WILD, world)
    return lived, fit_counts(lived.counts)


def evidence(update: Update) -> float:
    return float(np.logaddexp.reduce(update.logs))


@given(st.integers(0, 2**32 - 1), st.integers(2, 40), st.integers(2, 6))
def test_directions_of_the_mix_have_steps_of_variance_one(seed: int, weeks: int, formats: int) -> None:
    mix = np.random.default_rng(seed).dirichlet(np.ones(formats), size=weeks)
    basis = mix_basis(mix)
    steps = np.diff(basis, axis=0)
    assert np.sum(steps**2) / (weeks - 1) == pytest.approx(1.0)
    assert 1 <= basis.shape[1] <= formats


def test_a_mix_that_stands_still_has_no_direction() -> None:
    assert mix_basis(np.tile([0.3, 0.7], (10, 1))).shape == (10, 0)
    assert mix_basis(np.ones((1, 1))).shape == (1, 0)


def test_evidence_is_the_integral() -> None:
    """One unknown, against quadrature."""
    data, linear, design, rest, prior = 2.0, 0.7, 1.5, -0.4, 0.3
    z = np.linspace(-20, 20, 400_001)
    density = np.exp(-0.5 * data * z**2 + linear * z - 0.5 * (design * z + rest) ** 2 / prior) / np.sqrt(prior)
    whole = float(np.sum(density) * (z[1] - z[0])) / np.sqrt(2 * np.pi)
    log, mean, cov = _combine(
        np.array([[data]]), np.array([linear]), np.array([[design]]), np.array([rest]), np.array([[prior]])
    )
    assert log == pytest.approx(np.log(whole), abs=1e-9)
    assert mean[0] == pytest.approx(float(np.sum(z * density) / np.sum(density)), abs=1e-9)
    assert cov[0, 0] == pytest.approx(float(np.sum((z - mean[0]) ** 2 * density) / np.sum(density)), abs=1e-9)


def test_what_a_pure_explanation_leaves_unexpressed(fitted: Posterior) -> None:
    assert not unexpressed(fitted, 1.0)[0].any()
    free, grad = unexpressed(fitted)
    step = 1e-6 * np.random.default_rng(3).normal(size=fitted.x.size)
    moved = unexpressed(Posterior(**{**vars(fitted), "x": fitted.x + step}))[0]
    assert np.allclose(moved - free, grad @ step, atol=1e-10)


def test_leaps_of_the_mix_that_opinion_cannot_make_tell_expression() -> None:
    lived, posterior = wild("expression")
    alone, both = author_weights(posterior), share_weights(posterior)
    updates = mix_evidence(posterior)
    assert evidence(updates[1.0]) > evidence(updates[0.0]) + 3
    assert both.selection <= alone.selection
    assert summarise_share(posterior).mean > 0.85
    assert pearson(read_index(posterior).mean, lived.truth) > 0.9


def test_the_same_leaps_tell_selection_where_people_sort_themselves() -> None:
    lived, posterior = wild("selection")
    updates = mix_evidence(posterior)
    assert evidence(updates[0.0]) > evidence(updates[1.0]) + 3
    assert summarise_share(posterior).mean < 0.35
    assert pearson(read_index(posterior).mean, lived.truth) > 0.9


def test_a_calm_mix_says_nothing() -> None:
    world = PeopleWorld(kind="calm", votes=3e5, weeks=20, domains=8, topics=2, segments=1)
    posterior = fit_counts(draw_people(WILD, world).counts)
    alone, both = author_weights(posterior), share_weights(posterior)
    assert both.free == pytest.approx(alone.free, abs=0.1)
    assert both.expression == pytest.approx(alone.expression, abs=0.1)
