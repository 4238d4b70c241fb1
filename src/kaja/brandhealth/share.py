"""The expression share's own uncertainty: a continuous share, or one of the two pure explanations.

The prior is a spike and slab (Mitchell & Beauchamp, JASA 83, 1988): with probability 1/4 each venues differ by
expression alone or by selection alone, else the share is anything, may drift, and formats may deviate. The weights that
the authors give follow from the Savage-Dickey density ratio of the fit in which the share is free, so that nothing is
fitted twice; the evidence of the weeks (:mod:`~kaja.brandhealth.mixevidence`) then enters once for all three.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np

from kaja.brandhealth.estimate import Posterior
from kaja.brandhealth.layout import RHO
from kaja.brandhealth.mixevidence import Update, mix_evidence, posterior_cross
from kaja.brandhealth.ordinal import Floats

SPIKE: Final = 0.25
Pair = tuple[Floats, Floats]


@dataclass(frozen=True)
class ShareWeights:
    """Posterior probabilities that the share is free, exactly 1 (expression), exactly 0 (selection); they sum
    to 1.
    """

    free: float
    expression: float
    selection: float

    def parts(self) -> tuple[tuple[float, float | None], ...]:
        """Pairs of weight and the share to read the index at (None: the free one)."""
        return (self.free, None), (self.expression, 1.0), (self.selection, 0.0)


@dataclass(frozen=True)
class Explained:
    """Authors and weeks together: the weights of the explanations, and what the weeks change in each of them."""

    weights: ShareWeights
    updates: dict[float | None, Update]

    def update(self, posterior: Posterior, share: float | None, series: Pair, grad: Floats) -> Pair:
        """Mean (R,) and covariance (R, R) ``series`` of functionals with derivative ``grad`` (R, P), weeks included."""
        told = self.updates[share]
        c = posterior_cross(posterior, grad, told.gradient)
        cov = series[1] + c @ told.change @ c.T
        values, vectors = np.linalg.eigh((cov + cov.T) / 2.0)
        cov = (vectors * np.maximum(values, 0.0)) @ vectors.T
        return series[0] + c @ told.shift, np.asarray(cov, dtype=np.float64)


_EXPLAINED: WeakKeyDictionary[Posterior, Explained] = WeakKeyDictionary()


def share_weights(posterior: Posterior) -> ShareWeights:
    """Weights of the three explanations given authors and weeks; needs cross-venue authors in the fit."""
    return explain(posterior).weights


def explain(posterior: Posterior) -> Explained:
    """Weigh the three explanations by authors and weeks; worked out once per fit."""
    if posterior not in _EXPLAINED:
        _EXPLAINED[posterior] = _explain(posterior)
    return _EXPLAINED[posterior]


def _explain(posterior: Posterior) -> Explained:
    told, updates = author_weights(posterior), mix_evidence(posterior)
    prior = np.log(np.maximum([told.free, told.expression, told.selection], 1e-300))
    logs = np.stack([updates[share].logs for share in (None, 1.0, 0.0)], axis=1) + prior
    w = np.exp(logs - logs.max())
    free, expression, selection = (w.sum(axis=0) / w.sum()).tolist()
    return Explained(ShareWeights(free, expression, selection), updates)


def author_weights(posterior: Posterior) -> ShareWeights:
    """Weights of the three explanations given the cross-venue authors alone."""
    layout = posterior.layout
    rho, xi = layout.part("rho"), layout.part("xi")
    at = np.r_[rho, xi]
    weights = posterior.hyper.weights(layout)[at]
    slope = posterior.matrix_slope[at]
    cov = posterior.covariance[np.ix_(at, at)] + slope @ posterior.matrix_covariance @ slope.T
    x = posterior.x[at]
    t = layout.weeks
    log_det = float(np.linalg.slogdet(cov)[1])
    logs = [np.log(1.0 - 2.0 * SPIKE)]
    for value in (1.0, 0.0):
        target = np.r_[np.full(t, value), np.zeros(layout.formats)]
        d = target - x
        after = -0.5 * float(d @ np.linalg.solve(cov, d)) - 0.5 * log_det
        z = np.zeros(at.size)
        z[0] = value - RHO[0]  # later weeks' steps and the formats' residuals are exactly zero at a spike
        before = 0.5 * float(np.log(weights).sum()) - 0.5 * float(weights @ z**2)
        logs.append(np.log(SPIKE) + after - before)
    w = np.exp(np.array(logs) - max(logs))
    w /= w.sum()
    return ShareWeights(float(w[0]), float(w[1]), float(w[2]))


@dataclass(frozen=True)
class ShareSummary:
    """Mean and 90 % interval of the expression share averaged over the weeks, spikes included."""

    mean: float
    low: float
    high: float


def summarise_share(posterior: Posterior) -> ShareSummary:
    """Summarise the share by a fine grid of the mixture's quantiles."""
    layout = posterior.layout
    explained = explain(posterior)
    w = explained.weights
    grad = np.zeros((1, layout.size))
    grad[0, layout.part("rho")] = 1.0 / layout.weeks
    by_matrix = grad @ posterior.matrix_slope
    variance = posterior_cross(posterior, grad, grad) + by_matrix @ posterior.matrix_covariance @ by_matrix.T
    own = posterior.get("rho").mean(keepdims=True), variance
    means, cov = explained.update(posterior, None, own, grad)
    mean, sd = float(means[0]), float(np.sqrt(cov[0, 0]))
    # mid-quantiles of the free part as equally weighted points, plus the two atoms
    points = mean + sd * _normal_points(400)
    values = np.r_[points, 1.0, 0.0]
    mass = np.r_[np.full(points.size, w.free / points.size), w.expression, w.selection]
    order = np.argsort(values)
    cumulative = np.cumsum(mass[order])
    low, high = (float(values[order][np.searchsorted(cumulative, q)]) for q in (0.05, 0.95))
    return ShareSummary(float(mass @ values), low, high)


def _normal_points(count: int) -> Floats:
    """Standard normal quantiles at (i + 1/2) / count, by inverting a tabulated integral."""
    grid = np.linspace(-5.0, 5.0, 20_001)
    density = np.exp(-0.5 * grid**2)
    cumulative = np.cumsum(density) / density.sum()
    return np.asarray(np.interp((np.arange(count) + 0.5) / count, cumulative, grid), dtype=np.float64)
