"""The expression share: constant, drifting, or one of the two pure explanations, averaged by evidence.

The prior is a spike and slab (Mitchell & Beauchamp, JASA 83, 1988): with probability 1/4 each venues differ by
expression alone or by selection alone, else the share is anything and formats may deviate; in a quarter of these
cases it also moves steadily from one end of the period to the other:

    rho_t = start + walk_t + trend (t / (T - 1) - 1/2),    xi_f = residual of format f.

Everything else integrated out, the data say exp(-u' precision u / 2 + shift' u) about u = (rho, xi), which is read off
the Laplace posterior and does not depend on the standard deviations of the walk and of the residuals. So these are
integrated out on a grid instead of being plugged in, and nothing is fitted twice. With the walk's standard deviation
plugged in, a share that went from 1 to 0 within a year was read as a constant of which the interval was sure.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import log
from typing import Final

import numpy as np

from kaja.brandhealth.arrays import Floats, Ints
from kaja.brandhealth.model.layout import NAMES, RHO, Layout
from kaja.brandhealth.model.variance import PRIOR_MEAN, PRIOR_SD, Hyper

SPIKE: Final = 0.25
# Prior probability that a share which is no spike moves steadily, and the standard deviation of its move.
STEADY: Final = 0.25
TREND_SD: Final = 0.7
# The grid of both standard deviations, in standard deviations of their logarithm's prior.
_GRID: Final = np.linspace(-2.8, 2.8, 8)
# Directions of rho and xi of which the data say less than this, relative to the best known one, are left to the prior.
_SAID: Final = 1e-7


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
    """What the data say about why venues differ.

    ``weights`` of the explanations; of the free one the posterior ``rho`` (T,), ``xi`` (F,) and their joint
    ``covariance`` (T + F, T + F), averaged over drifts and scales; ``steady`` its probability of a steady move.
    """

    weights: ShareWeights
    rho: Floats
    xi: Floats
    covariance: Floats
    steady: float

    @property
    def average(self) -> Floats:
        """Mean share per week over all explanations, shape (T,)."""
        return np.asarray(self.weights.free * self.rho + self.weights.expression, dtype=np.float64)

    def at(self, share: float | None) -> tuple[Floats, Floats, Floats]:
        """Share (T,), residuals (F,) and their covariance under one explanation (None: the free one)."""
        if share is None:
            return self.rho, self.xi, self.covariance
        return np.full(self.rho.size, share), np.zeros(self.xi.size), np.zeros_like(self.covariance)


def explain_venues(
    x: Floats,
    covariance: Floats,
    by_matrix: Floats,
    matrix_covariance: Floats,
    hyper: Hyper,
    layout: Layout,
    gains: dict[float, float] | None = None,
) -> Explained:
    """Weigh the explanations of a fit with mode ``x`` (P,) and ``covariance`` (P, P).

    ``by_matrix`` (P, 6G) is the change of the mode by the classifier matrices' logits, ``matrix_covariance`` theirs.
    ``gains`` holds the log likelihood of a pure share less that at ``x``, where a fit with it held knows it
    (:mod:`~kaja.brandhealth.model.heldshare`); without it what is said around ``x`` is drawn out to there.
    """
    t, f = layout.weeks, layout.formats
    precision, shift = _told(x, covariance, by_matrix, matrix_covariance, hyper, layout)
    walk = np.zeros((t, t - 1)) if t > 1 else np.zeros((1, 0))
    walk[1:] = np.tril(np.ones((t - 1, t - 1)))
    node = np.exp(-0.5 * _GRID**2) / np.exp(-0.5 * _GRID**2).sum()
    middle = np.r_[np.full(t, RHO[0]), np.zeros(f)]
    found: list[tuple[float, bool, Floats, Floats]] = []
    for steady, (i, tau), (j, sd) in product((False, True), enumerate(_scales("rho")), enumerate(_scales("xi"))):
        root = np.zeros((t + f, t + 1 + f))
        root[:t, 0], root[:t, 1:t], root[t:, t : t + f] = RHO[1], tau * walk, sd * np.eye(f)
        root[:t, -1] = TREND_SD * steady_move(t) if steady else 0.0
        value, mean, cov = _evidence(precision, shift, middle, root)
        head = log((1.0 - 2.0 * SPIKE) * (STEADY if steady else 1.0 - STEADY) * float(node[i] * node[j]))
        found.append((head + value, steady, mean, cov))
    here = x[positions(layout)]
    exactly = _told(x, covariance, by_matrix, 0.0 * matrix_covariance, hyper, layout)

    def wider(point: Floats) -> float:
        """By how much the matrices' errors weaken what is said of a share other than ``x``'s, 0 to 1."""
        plain, weak = (_said(*told, point) - _said(*told, here) for told in (exactly, (precision, shift)))
        return min(max(weak / plain, 0.0), 1.0) if plain < 0.0 else 1.0

    spikes = []
    for share in (1.0, 0.0):
        point = np.r_[np.full(t, share), np.zeros(f)]
        value = _said(precision, shift, point)
        if gains is not None and share in gains:
            value = _said(precision, shift, here) + wider(point) * gains[share]
        spikes.append(log(SPIKE) + value)
    free = np.array([value for value, _, _, _ in found])
    top = max(float(free.max()), *spikes)
    w, pure = np.exp(free - top), np.exp(np.array(spikes) - top)
    total = float(w.sum() + pure.sum())
    weights = ShareWeights(float(w.sum()) / total, float(pure[0]) / total, float(pure[1]) / total)
    w = w / w.sum()
    mean = sum((a * m for a, (_, _, m, _) in zip(w, found, strict=True)), np.zeros(t + f))
    cov = np.zeros((t + f, t + f))
    for a, (_, _, m, c) in zip(w, found, strict=True):
        cov += a * (c + np.outer(m - mean, m - mean))
    steady_weight = float(sum(a for a, (_, steady, _, _) in zip(w, found, strict=True) if steady))
    return Explained(weights, mean[:t], mean[t:], cov, steady_weight)


def _told(
    x: Floats, covariance: Floats, by_matrix: Floats, matrix_covariance: Floats, hyper: Hyper, layout: Layout
) -> tuple[Floats, Floats]:
    """What the data say about rho and xi: precision (T + F, T + F) and shift (T + F,), matrices' errors included.

    These errors move what the data say, so they widen it: P becomes (P^-1 + J S J')^-1 with J the change of what is
    said and S the matrices' covariance. Directions of which nothing is said stay so.
    """
    at = positions(layout)
    weight = hyper.weights(layout)
    inverse = np.linalg.inv(covariance[np.ix_(at, at)])
    values, vectors = np.linalg.eigh((inverse + inverse.T) / 2.0 - layout.precision(weight)[np.ix_(at, at)])
    kept = values > _SAID * values.max()
    root, vectors = np.sqrt(values[kept]), vectors[:, kept]
    shift = inverse @ x[at]
    shift[0] -= weight[at[0]] * RHO[0]
    moved = (vectors.T @ inverse @ by_matrix[at]) / root[:, None]
    wider = np.linalg.inv(np.eye(root.size) + moved @ matrix_covariance @ moved.T)
    into = vectors * root
    return into @ wider @ into.T, into @ wider @ ((vectors.T @ shift) / root)


def _said(precision: Floats, shift: Floats, point: Floats) -> float:
    """What is said of one value of rho and xi."""
    return float(shift @ point - 0.5 * point @ precision @ point)


def positions(layout: Layout) -> Ints:
    """Positions of rho and xi in the core, shape (T + F,)."""
    rho, xi = layout.part("rho"), layout.part("xi")
    return np.arange(rho.start, xi.stop)


def steady_move(weeks: int) -> Floats:
    """A steady move by one over the period, centred; shape (T,)."""
    return np.linspace(-0.5, 0.5, weeks) if weeks > 1 else np.zeros(1)


def _scales(name: str) -> Floats:
    """Grid of a standard deviation over its prior."""
    k = NAMES.index(name)
    return np.asarray(np.exp(PRIOR_MEAN[k] + PRIOR_SD[k] * _GRID), dtype=np.float64)


def _evidence(precision: Floats, shift: Floats, middle: Floats, root: Floats) -> tuple[float, Floats, Floats]:
    """Log evidence, posterior mean and covariance of u ~ N(middle, root root')."""
    pull = shift - precision @ middle
    inner = np.eye(root.shape[1]) + root.T @ precision @ root
    spread = root @ np.linalg.solve(inner, root.T)
    value = float(shift @ middle - 0.5 * middle @ precision @ middle + 0.5 * pull @ spread @ pull)
    value -= 0.5 * float(np.linalg.slogdet(inner)[1])
    return value, middle + spread @ pull, (spread + spread.T) / 2.0


@dataclass(frozen=True)
class ShareSummary:
    """Mean and 90 % interval of the expression share averaged over the weeks, spikes included."""

    mean: float
    low: float
    high: float


def summarise_share(explained: Explained) -> ShareSummary:
    """Summarise the share by a fine grid of the mixture's quantiles."""
    w, t = explained.weights, explained.rho.size
    sd = float(np.sqrt(explained.covariance[:t, :t].mean()))
    # mid-quantiles of the free part as equally weighted points, plus the two atoms
    points = float(explained.rho.mean()) + sd * _normal_points(400)
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
