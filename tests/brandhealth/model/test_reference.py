"""The fit against full Bayes: NumPyro's NUTS on the same counts, recorded by benchmarks/opinion_nuts.py."""

import json
from pathlib import Path

import numpy as np
import pytest

from kaja.brandhealth.model.estimate import fit_counts
from kaja.brandhealth.reading.index import read_index
from kaja.brandhealth.worlds.simulate import ModelWorld, draw_from_model

REFERENCE = json.loads((Path(__file__).parents[1] / "data" / "nuts.json").read_text())
FIXTURES = [name for name in REFERENCE if name != "engine"]


@pytest.mark.parametrize("name", FIXTURES)
def test_the_reference_has_converged(name: str) -> None:
    assert REFERENCE[name]["ess"] > 400
    assert REFERENCE[name]["rhat"] < 1.01
    assert REFERENCE[name]["divergences"] <= 0.005 * REFERENCE[name]["draws"]  # of each chain


@pytest.mark.parametrize("name", FIXTURES)
def test_the_fit_says_what_full_bayes_says(name: str) -> None:
    reference = REFERENCE[name]
    posterior = fit_counts(draw_from_model(reference["seed"], ModelWorld(**reference["world"])).counts)
    index = read_index(posterior)
    assert np.abs(index.mean - np.array(reference["mean"])).max() < 0.02
    ratio = np.abs(index.sd / np.array(reference["sd"]) - 1.0)
    assert ratio.max() < 0.1
    assert posterior.split.no_pile_ons == pytest.approx(reference["no_pile_ons"], abs=0.1)
    assert posterior.explained is not None
    weights = posterior.explained.weights
    stays, steady, expression, selection = reference["shares"]
    found = (weights.free, weights.expression, weights.selection)
    assert found == pytest.approx((stays + steady, expression, selection), abs=0.06)
    assert weights.free * posterior.explained.steady == pytest.approx(steady, abs=0.03)
