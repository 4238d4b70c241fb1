"""Variance components: one Newton step on their logarithms, and their own uncertainty.

Given the Gaussian (Laplace) posterior of the unknowns, the score of the marginal likelihood by log tau_j is
the expected
complete-data score (Fisher's identity), and its information is the complete information minus the variance of
that score
(Louis, JRSS B 44, 1982). Both are closed forms in the posterior covariance, so that a few steps suffice where
EM needs
dozens, and the same matrix gives the uncertainty that is propagated into the index.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from kaja.brandhealth.arrays import Floats
from kaja.brandhealth.model.cellfit import Blocks, Information
from kaja.brandhealth.model.layout import COMPONENTS, Layout

# The block shocks: location e and log width h of the neutral zone in a domain-week.
SHOCKS: Final = (("e", 0.15, 0.6), ("h", 0.08, 0.6))
ALL: Final = COMPONENTS + SHOCKS
PRIOR_MEAN: Final = np.log(np.array([median for _, median, _ in ALL]))
PRIOR_SD: Final = np.array([sd for _, _, sd in ALL])

# Degrees of freedom of the transient: heavy enough that one pile-on does not move its neighbours.
TRANSIENT_DF: Final = 3.0
# Spread of the domains' log noisiness.
NOISINESS_SD: Final = 0.4
# A variance component may change by at most this much (natural log) in one step.
_STEP: Final = 0.8


@dataclass
class Hyper:
    """Current variance components: ``log_tau`` over :data:`ALL`, ``log_k`` (D,) noisiness of domains,
    ``v_weight`` (T,).

    ``scale_tilt`` (F,) is the gradient of the Laplace volume by the formats' log scales: the number of block
    shocks that the
    data determine. Without it a joint mode would contract a format's scale only to make its hundreds of
    shocks smaller.
    """

    log_tau: Floats
    log_k: Floats
    v_weight: Floats
    scale_tilt: Floats

    def weights(self, layout: Layout) -> Floats:
        """Whitened prior precision of every core unknown, shape (P,)."""
        tau = np.exp(self.log_tau)
        out = np.where(layout.comp == -1, 1.0 / layout.fixed**2, 0.0)
        known = layout.comp >= 0
        out[known] = tau[layout.comp[known]] ** -2
        v = layout.part("v")
        out[v] *= self.v_weight
        return np.asarray(out, dtype=np.float64)

    def shock_precision(self, blocks: Blocks) -> Floats:
        """Prior precision of (e, h) of each block, shape (B, 2)."""
        e = np.exp(-2.0 * (self.log_tau[-2] + self.log_k[blocks.domain]))
        return np.stack([e, np.full(blocks.size, np.exp(-2.0 * self.log_tau[-1]))], axis=1)


@dataclass(frozen=True)
class Moments:
    """Second moments of the posterior that the variance components need.

    ``z`` and ``cov`` are the whitened core (P,), (P, P); ``shock_var`` (B, 2) the posterior variance of (e,
    h).
    """

    z: Floats
    cov: Floats
    shock_var: Floats


def start_hyper(layout: Layout) -> Hyper:
    """Prior medians."""
    return Hyper(PRIOR_MEAN.copy(), np.zeros(layout.domains), np.ones(layout.weeks), np.zeros(layout.formats))


def posterior_moments(x: Floats, covariance: Floats, info: Information, layout: Layout) -> Moments:
    """Whiten the core posterior and add the core's share to the block shocks' variance."""
    z = layout.whiten(x) - layout.centre
    cov = layout.whiten(layout.whiten(covariance).T)
    block_cov = covariance[info.index[:, :, None], info.index[:, None, :]]
    through = np.einsum("bix,bxy,biy->bi", info.couple, block_cov, info.couple, optimize=True)
    own = np.stack([info.inverse[:, 0, 0], info.inverse[:, 1, 1]], axis=1)
    return Moments(z, cov, own + through)


def log_tau_score(
    hyper: Hyper, moments: Moments, shocks: Floats, blocks: Blocks, layout: Layout
) -> tuple[Floats, Floats]:
    """Score (K,) and information (K, K) of the log standard deviations, priors included.

    A component that the data do not have (no pairs, say) keeps its prior.
    """
    count = len(ALL)
    weight = hyper.weights(layout)
    known = layout.comp >= 0
    member = np.zeros((layout.size, count))
    member[np.flatnonzero(known), layout.comp[known]] = 1.0
    root = np.sqrt(weight)
    z, c = moments.z * root, moments.cov * np.outer(root, root)
    energy = member.T @ (z**2 + np.diag(c))
    score = energy - member.sum(axis=0)
    spread = member.T @ ((2.0 * c + 4.0 * np.outer(z, z)) * c) @ member
    precision = hyper.shock_precision(blocks)
    for i in range(2):
        var, mean2 = moments.shock_var[:, i] * precision[:, i], shocks[:, i] ** 2 * precision[:, i]
        j = count - 2 + i
        energy[j] = float(np.sum(var + mean2))
        score[j] = energy[j] - blocks.size
        spread[j, j] = float(np.sum(2.0 * var**2 + 4.0 * mean2 * var))
    information = np.diag(2.0 * energy) - spread
    score = score - (hyper.log_tau - PRIOR_MEAN) / PRIOR_SD**2
    return score, _positive(information) + np.diag(PRIOR_SD**-2.0)


def _positive(matrix: Floats) -> Floats:
    """Nearest positive semi-definite matrix: away from the optimum Louis' difference may be indefinite."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2.0)
    return np.asarray((vectors * np.maximum(values, 0.0)) @ vectors.T, dtype=np.float64)


def update_hyper(
    hyper: Hyper, moments: Moments, x: Floats, shocks: Floats, blocks: Blocks, layout: Layout
) -> tuple[Hyper, float]:
    """One step of everything that is a scale. Returns the new values and the largest relative change."""
    score, information = log_tau_score(hyper, moments, shocks, blocks, layout)
    step = np.clip(np.linalg.solve(information, score), -_STEP, _STEP)
    log_tau = hyper.log_tau + step
    v = layout.part("v")
    energy = (x[v] ** 2 + np.diag(moments.cov)[v]) * np.exp(-2.0 * log_tau[1])
    v_weight = (TRANSIENT_DF + 1.0) / (TRANSIENT_DF + energy)
    expected = (shocks[:, 0] ** 2 + moments.shock_var[:, 0]) * np.exp(-2.0 * log_tau[-2])
    count = np.bincount(blocks.domain, minlength=layout.domains).astype(np.float64)
    total = np.bincount(blocks.domain, expected, minlength=layout.domains)
    log_k = _noisiness(hyper.log_k, count, np.asarray(total, dtype=np.float64))
    change = max(float(np.abs(step).max()), float(np.abs(log_k - hyper.log_k).max()))
    determined = 1.0 - moments.shock_var[:, 0] * hyper.shock_precision(blocks)[:, 0]
    tilt = np.bincount(blocks.format, np.clip(determined, 0.0, 1.0), minlength=layout.formats)
    return Hyper(log_tau, log_k, v_weight, np.asarray(tilt, dtype=np.float64)), change


def _noisiness(log_k: Floats, count: Floats, total: Floats) -> Floats:
    """Posterior mode of each domain's log noisiness given the summed squares of its shocks."""
    out = log_k.copy()
    for _ in range(8):
        scaled = total * np.exp(-2.0 * out)
        slope = scaled - count - out / NOISINESS_SD**2
        out = out + np.clip(slope / (2.0 * scaled + NOISINESS_SD**-2), -0.5, 0.5)
    return np.asarray(out, dtype=np.float64)
