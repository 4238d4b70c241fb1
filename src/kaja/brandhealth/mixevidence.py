"""What the weeks themselves say about the expression share, where the venue mix swings more than opinion can.

Posts show the venue-adjusted tone mu. Customers' opinion is mu plus what the venues' differences do not express,

    I_t = mu_t + n_t + segments,    n_t = sum_f pi_ft (alpha_f + omega_ft - x_ft),

so that under selection a swing of the mix pi leaves an opposite swing in mu, and under expression none. The prior is
therefore put on opinion, not on mu: a random walk whose steps may go along with those of the mix,

    I = w + B kappa,    w ~ walk(tau sqrt(1 - R2)),    kappa ~ N(0, tau^2 R2),    R2 ~ U(0, 1).

B (T, Q) are the mix's own directions, scaled to steps of variance 1 in all (Zellner's g-prior, 1986), half of it along
what the mix moves under selection, where opinion itself would lead people. Where opinion may drive the whole mix, kappa
explains everything and nothing is learnt: then the authors decide. Where venues grow and die by leaps that no opinion
could make, a share that turns these leaps into opinion is improbable.

Everything is an update of the Gaussian posterior of (mu + v, n) after the fit: the prior of mu is exchanged for one of
mu + n, over a grid of opinion's scales, under the fit's own scales of the pile-ons or without any. The classifier's
matrices are taken as given here; they, too, learn from their labels alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from kaja.brandhealth.estimate import Posterior
from kaja.brandhealth.ordinal import Floats
from kaja.brandhealth.transient import walk_covariance
from kaja.brandhealth.variance import PRIOR_MEAN, PRIOR_SD

# Natural logarithms of opinion's weekly standard deviation, around its prior median.
_LOOK: Final = np.linspace(-2.4, 2.6, 11)
# Beyond so many weeks half as many settings: each costs the cube of the weeks, and long series tell their scales well.
_LONG: Final = 150
# Directions of the mix that move less than this, against the strongest, are rounding.
_LEAST: Final = 1e-3
# Settings whose weight is below this share of the largest are left out.
_NEGLIGIBLE: Final = 1e-2
# Variances of n (logit units) below this are rounding.
_ROUNDING: Final = 1e-8


@dataclass(frozen=True)
class Update:
    """What the weeks say to one explanation, on a grid of N settings: log evidence ``logs`` (N,), and how they change
    a quantity of the fit.

    ``gradient`` (S, P) are the S coordinates in which they do, as functionals of the core: a quantity whose covariance
    with them is C (R, S) has its mean moved by C ``shift`` and its covariance changed by C ``change`` C'.
    """

    logs: Floats
    gradient: Floats
    shift: Floats
    change: Floats


def observed_weeks(posterior: Posterior) -> Floats:
    """Weight of each week in the centring: 1 / (number of weeks with votes), 0 elsewhere; shape (T,)."""
    seen = np.bincount(posterior.counts.week, minlength=posterior.layout.weeks) > 0
    return np.asarray(seen / seen.sum(), dtype=np.float64)


def unexpressed(posterior: Posterior, share: float | None = None) -> tuple[Floats, Floats]:
    """What the mix moves without being expression, n (T,), and its derivative by the core unknowns (T, P).

    ``share`` fixes the expression share; None takes the share of the fit.
    """
    layout, x, t = posterior.layout, posterior.x, posterior.layout.weeks
    at, weeks = layout.at, np.arange(t)
    mix = posterior.counts.format_shares()
    rho = x[layout.part("rho")] if share is None else np.full(t, share)
    value, grad = np.zeros(t), np.zeros((t, layout.size))
    for f in range(layout.formats):
        gap = x[at["alpha"] + f] + x[at["omega"] + f * t + weeks]
        value += mix[:, f] * (1.0 - rho) * gap
        grad[:, at["alpha"] + f] += mix[:, f] * (1.0 - rho)
        grad[weeks, at["omega"] + f * t + weeks] += mix[:, f] * (1.0 - rho)
        if share is None:
            value -= mix[:, f] * x[at["xi"] + f]
            grad[weeks, at["rho"] + weeks] -= mix[:, f] * gap
            grad[:, at["xi"] + f] -= mix[:, f]
    return value, grad


def posterior_cross(posterior: Posterior, one: Floats, two: Floats) -> Floats:
    """Covariance (R, S) of two linear functionals (R, P) and (S, P) of the core, given the matrices."""
    return np.asarray(one @ posterior.covariance @ two.T, dtype=np.float64)


def mix_basis(mix: Floats) -> Floats:
    """Directions of the mix (T, F) over time, (T, Q); the steps of ``B @ kappa``, kappa ~ N(0, 1), have variance 1."""
    steps = np.diff(mix, axis=0) / np.sqrt(max(mix.shape[0] - 1, 1))
    if not steps.size or not np.abs(steps).max() > 0.0:
        return np.zeros((mix.shape[0], 0))
    _, size, turn = np.linalg.svd(steps, full_matrices=False)
    keep = size > _LEAST * size.max()
    basis = mix @ (turn[keep].T / size[keep]) / np.sqrt(np.count_nonzero(keep))
    return np.asarray(basis - basis.mean(axis=0), dtype=np.float64)


def opinion_basis(mix: Floats, selection: Floats) -> Floats:
    """B (T, Q): half the variance along what the mix (T, F) moves under ``selection`` (T,), half in any direction."""
    return np.asarray(np.column_stack([mix_basis(mix), mix_basis(selection[:, None])]) / np.sqrt(2.0))


def mix_evidence(posterior: Posterior) -> dict[float | None, Update]:
    """Weigh the explanations (free: None, expression: 1, selection: 0); needs cross-venue authors in the fit."""
    t, hyper, layout = posterior.layout.weeks, posterior.hyper, posterior.layout
    every = 1 if t <= _LONG else 2
    centre = observed_weeks(posterior)
    moved = unexpressed(posterior, 0.0)[0]
    basis = opinion_basis(posterior.counts.format_shares(), moved - centre @ moved)
    slab = np.diag(np.exp(2.0 * hyper.log_tau[1]) / hyper.v_weight)
    nodes, node_weights = np.polynomial.legendre.leggauss(5 if every == 1 else 3)
    settings = []
    for step in _LOOK[::every].tolist():
        tau2 = float(np.exp(2.0 * (PRIOR_MEAN[0] + step)))
        for along, weight in zip((nodes + 1.0) / 2.0, node_weights / 2.0, strict=True):
            opinion = walk_covariance(t, float(np.sqrt(tau2 * (1.0 - along)))) + tau2 * along * basis @ basis.T
            prior = float(np.log(weight)) - 0.5 * (step / float(PRIOR_SD[0])) ** 2
            settings += [(prior, opinion), (prior, opinion + slab)]
    tone = np.zeros((t, layout.size))
    weeks = np.arange(t)
    tone[weeks, layout.at["mu"] + weeks] = tone[weeks, layout.at["v"] + weeks] = 1.0
    mean = posterior.get("mu") + posterior.get("v")
    inverse = np.asarray(np.linalg.inv(posterior_cross(posterior, tone, tone)), dtype=np.float64)
    # what the data say about s: exp(-s' precision s / 2 + pull' s)
    old = walk_covariance(t, float(np.exp(hyper.log_tau[0]))) + slab
    values, vectors = np.linalg.eigh(inverse - np.linalg.inv(old))
    precision = np.asarray((vectors * np.maximum(values, 0.0)) @ vectors.T, dtype=np.float64)
    out: dict[float | None, Update] = {}
    for share in (None, 1.0, 0.0):
        value, grad = unexpressed(posterior, share)
        joint = _joint(posterior, mean, inverse, tone, value - centre @ value, grad - centre @ grad)
        out[share] = _update(joint, precision, inverse @ mean, settings)
    return out


@dataclass(frozen=True)
class _Joint:
    """The fit's posterior of s = mu + v and n = ``by_tone`` s + ``rest`` + ``spread`` y, y ~ N(0, 1) apart from s.

    ``gradient`` (S, P): s, multiplied by its inverse covariance, and y as functionals of the core, so that a quantity's
    covariance with them is its regression on s and y.
    """

    mean: Floats
    by_tone: Floats
    rest: Floats
    spread: Floats
    gradient: Floats


def _joint(posterior: Posterior, mean: Floats, inverse: Floats, tone: Floats, value: Floats, grad: Floats) -> _Joint:
    by_tone = posterior_cross(posterior, grad, tone) @ inverse
    left = grad - by_tone @ tone
    values, vectors = np.linalg.eigh(posterior_cross(posterior, left, left))
    keep = values > _ROUNDING
    root = np.sqrt(values[keep])
    gradient = np.concatenate([inverse @ tone, (vectors[:, keep] / root).T @ left])
    return _Joint(mean, by_tone, value - by_tone @ mean, vectors[:, keep] * root, gradient)


def _update(joint: _Joint, precision: Floats, pull: Floats, settings: list[tuple[float, Floats]]) -> Update:
    """Exchange the prior of s for one of s + n, and compare with the prior of s under the same settings."""
    t, q = joint.mean.size, joint.spread.shape[1]
    whole = np.concatenate([np.eye(t) + joint.by_tone, joint.spread], axis=1)
    plain = np.concatenate([np.eye(t), np.zeros((t, q))], axis=1)
    data = np.zeros((t + q, t + q))
    data[:t, :t] = precision
    data[t:, t:] = np.eye(q)
    linear = np.append(pull, np.zeros(q))
    own = joint.spread @ joint.spread.T
    sides = []
    for design, rest, more in ((whole, joint.rest, own), (plain, np.zeros(t), np.zeros((t, t)))):
        # the evidence needs s alone; the rest is worked out where it counts
        logs = np.array(
            [log + _combine(precision, pull, design[:, :t], rest, prior + more)[0] for log, prior in settings]
        )
        w = np.exp(logs - logs.max())
        w[w < _NEGLIGIBLE] = 0.0
        w /= w.sum()
        kept = np.flatnonzero(w).tolist()
        found = [_combine(data, linear, design, rest, settings[i][1])[1:] for i in kept]
        sides.append((logs, *_mix(w[kept], np.array([mean for mean, _ in found]), [cov for _, cov in found])))
    (logs, mean, cov), (_, plain_mean, plain_cov) = sides
    return Update(logs, joint.gradient, mean - plain_mean, cov - plain_cov)


def _combine(data: Floats, linear: Floats, design: Floats, rest: Floats, prior: Floats) -> tuple[float, Floats, Floats]:
    """Log evidence, mean and covariance of z: exp(-z' data z / 2 + linear' z) N(design z + rest; 0, prior)."""
    inverse = np.linalg.inv(prior)
    weighted = design.T @ inverse
    total = data + weighted @ design
    cov = np.linalg.inv(total)
    slope = linear - weighted @ rest
    mean = cov @ slope
    log = 0.5 * float(slope @ mean - rest @ inverse @ rest)
    log -= 0.5 * float(np.linalg.slogdet(prior)[1] + np.linalg.slogdet(total)[1])
    return log, mean, (cov + cov.T) / 2.0


def _mix(w: Floats, means: Floats, covariances: list[Floats]) -> tuple[Floats, Floats]:
    """Mean and covariance of the mixture with weights ``w``."""
    mean = w @ means
    cov = sum((a * c for a, c in zip(w.tolist(), covariances, strict=True)), np.zeros_like(covariances[0]))
    off = means - mean
    return np.asarray(mean, dtype=np.float64), np.asarray(cov + (off.T * w) @ off, dtype=np.float64)
