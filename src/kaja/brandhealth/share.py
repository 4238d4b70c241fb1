"""The expression share's own uncertainty: a continuous share, or one of the two pure explanations.

The prior is a spike and slab (Mitchell & Beauchamp, JASA 83, 1988): with probability 1/4 each venues differ
by expression
alone or by selection alone, else the share is anything, may drift, and formats may deviate. The weights
follow from the
Savage-Dickey density ratio of the fit in which the share is free, so that nothing is fitted twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from kaja.brandhealth.estimate import Posterior
from kaja.brandhealth.layout import RHO
from kaja.brandhealth.ordinal import Floats

SPIKE: Final = 0.25


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


def share_weights(posterior: Posterior) -> ShareWeights:
    """Weights of the three explanations; needs cross-venue authors in the fit."""
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
    w = share_weights(posterior)
    grad = np.zeros(layout.size)
    grad[layout.part("rho")] = 1.0 / layout.weeks
    slope = grad @ posterior.matrix_slope
    sd = float(np.sqrt(grad @ posterior.covariance @ grad + slope @ posterior.matrix_covariance @ slope))
    mean = float(posterior.get("rho").mean())
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
