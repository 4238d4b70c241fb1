"""Diagnostics: did the fit end well, does the model describe the counts, and what would labels buy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kaja.brandhealth.arrays import Floats
from kaja.brandhealth.model.cellfit import cell_location
from kaja.brandhealth.model.estimate import Posterior
from kaja.brandhealth.model.ordinal import TINY, class_probabilities
from kaja.brandhealth.model.transient import average
from kaja.brandhealth.model.variance import ALL, posterior_moments
from kaja.brandhealth.reading.index import Series, index_value, observed_weeks


@dataclass(frozen=True)
class LabelPlan:
    """What hand labels do. ``labels`` now; ``error_share`` of the index's variance comes from the confusion
    matrices.

    ``to_halve_label_error`` labels halve that part of the standard error; ``to_halve_error`` labels halve the
    whole, None where
    even perfect labels would not.
    """

    labels: float
    error_share: float
    to_halve_label_error: float
    to_halve_error: float | None


@dataclass(frozen=True)
class Diagnostics:
    """``dispersion``: Pearson chi-square per residual degree of freedom of the cells (1 is ideal, above about
    2 the model misses
    structure inside domain-weeks). ``scales``: each variance component's median and 90 % interval.
    ``mean_sd``: mean
    standard deviation of the index (logit units).
    """

    iterations: int
    converged: bool
    decrement: float
    votes: float
    cells: int
    dispersion: float
    mean_sd: float
    scales: dict[str, tuple[float, float, float]]
    labels: LabelPlan | None


def diagnose(posterior: Posterior, index: Series) -> Diagnostics:
    """Compute the diagnostics of a fit; ``index`` is the series that the report leads with."""
    scales = {}
    sd = np.sqrt(np.diag(posterior.hyper_covariance))
    for i, (name, _, _) in enumerate(ALL):
        middle, half = float(posterior.hyper.log_tau[i]), 1.645 * float(sd[i])
        if name in ("rho", "xi", "m") and not posterior.layout.has_pairs:
            continue
        scales[name] = (float(np.exp(middle)), float(np.exp(middle - half)), float(np.exp(middle + half)))
    return Diagnostics(
        posterior.iterations,
        posterior.converged,
        posterior.decrement,
        posterior.counts.votes,
        posterior.counts.n.shape[0],
        _dispersion(posterior),
        float(index.sd.mean()),
        scales,
        _label_plan(posterior, index),
    )


def expected_classes(posterior: Posterior) -> Floats:
    """Reported-class probabilities of every cell at the mode, shape (C, 3)."""
    blocks, layout, x = posterior.blocks, posterior.layout, posterior.x
    eta = cell_location(x, posterior.shocks[:, 0], blocks, layout)
    ell = x[layout.at["lambda"] + blocks.format][blocks.cell_block]
    g = np.exp(x[layout.at["log_g"]] + posterior.shocks[:, 1])[blocks.cell_block]
    p = class_probabilities(eta, g, ell)
    return np.asarray(np.einsum("cj,cjk->ck", p, posterior.matrices[blocks.group[blocks.cell_block]]), dtype=np.float64)


def _dispersion(posterior: Posterior) -> float:
    q = np.maximum(expected_classes(posterior), TINY)
    n = posterior.counts.n
    total = n.sum(axis=1, keepdims=True)
    chi = float(np.sum((n - total * q) ** 2 / (total * q)))
    # what is fitted counts by how far the data determine it: 1 - posterior precision gained from the prior
    layout, hyper = posterior.layout, posterior.hyper
    moments = posterior_moments(posterior.x, posterior.covariance, posterior.info, layout)
    fitted = float(np.sum(1.0 - moments.shock_var * hyper.shock_precision(posterior.blocks)))
    fitted += layout.size - float(np.sum(hyper.weights(layout) * np.diag(moments.cov)))
    free = 2 * n.shape[0] - fitted
    return chi / free if free > 0 else float("nan")


def _label_plan(posterior: Posterior, index: Series) -> LabelPlan | None:
    labels = posterior.counts.labels
    if labels is None:
        return None
    share = None if posterior.layout.has_pairs else 1.0
    value, grad = index_value(posterior, share)
    grad = grad - observed_weeks(posterior) @ grad
    sensitivity = average(posterior.split, value, grad, posterior.x, posterior.covariance, posterior.layout)[2]
    by_matrix = sensitivity @ posterior.matrix_slope
    from_labels = float(np.einsum("tr,rs,ts->", by_matrix, posterior.matrix_covariance, by_matrix))
    whole = float(np.trace(index.covariance))
    part, count = from_labels / whole, float(labels.sum())
    rest = 0.25 - (1.0 - part)  # variance that labels may still have when the whole is to be a quarter
    return LabelPlan(count, part, 4.0 * count, count * part / rest if rest > 0 else None)
