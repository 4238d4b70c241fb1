"""Fusion with a small survey: the survey sets level and scale, the posts set the shape, as far as the
evidence allows.

    truth      theta_t = a + b s_t + r_t                  s, r random walks
    posts      z_t     = s_t + eps_t + fit error          eps the posts' own transient error
    survey     y_t     = theta_t + sampling error

z is the index as if venues differed by expression alone plus (1 - share) times the venue-mix part. Every
combination of the
standard deviations, of b (0 among them: the survey alone) and of the share is weighed by its evidence given
the posts,
p(y | z), so that posts which do not follow the survey are given no say. Source: Bayesian model averaging
(Hoeting et al.,
Statistical Science 14, 1999) over linear Gaussian models in closed form.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np

from kaja.brandhealth.arrays import Floats
from kaja.brandhealth.model.estimate import Posterior
from kaja.brandhealth.posts.counts import OpinionError
from kaja.brandhealth.reading.index import Z90, read_index, read_parts

# Weekly step of the opinion that the posts do not show, and standard deviation of the posts' transient error,
# net units.
_STEPS: Final = (0.003, 0.01, 0.02, 0.035)
_TRANSIENT: Final = (0.01, 0.03, 0.06, 0.12)
_WALK: Final = (0.01, 0.025)
# Net points per logit unit of the index; 0 is the survey alone. A net share moves at most 0.5 per logit.
_SLOPES: Final = (0.1, 0.2, 0.3, 0.4, 0.5)
_SHARES: Final = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Survey:
    """A tracker: ``mean`` (T,) net favourability -1..1 per week (nan: no wave) and ``variance`` (T,) of its
    sampling error.
    """

    mean: Floats
    variance: Floats

    def __post_init__(self) -> None:
        seen = np.isfinite(self.mean)
        if self.mean.shape != self.variance.shape:
            raise OpinionError("survey: mean and variance need the same number of weeks")
        if not seen.any():
            raise OpinionError("survey: not one week has an answer")
        bad = np.flatnonzero(seen & ~(np.isfinite(self.variance) & (self.variance > 0)))
        if bad.size:
            raise OpinionError(
                f"survey row {bad[0]}, column variance: {self.variance[bad[0]]} is not a positive number"
            )


@dataclass(frozen=True)
class Fused:
    """Customer opinion in net units: ``mean`` (T,), ``sd`` (T,), the survey-only answer, and what the
    evidence chose.

    ``weight_survey_only`` is the posterior probability that the posts say nothing; ``share`` the posterior
    mean of the expression
    share; ``slope`` of the net points per logit unit; ``transient`` of the posts' own error (net units, 0 if
    survey only).
    """

    mean: Floats
    sd: Floats
    alone_mean: Floats
    alone_sd: Floats
    weight_survey_only: float
    share: float
    slope: float
    transient: float

    @property
    def low(self) -> Floats:
        """Lower end of the 90 % interval, shape (T,)."""
        return np.asarray(self.mean - Z90 * self.sd, dtype=np.float64)

    @property
    def high(self) -> Floats:
        """Upper end of the 90 % interval, shape (T,)."""
        return np.asarray(self.mean + Z90 * self.sd, dtype=np.float64)


def survey_from_answers(n: Floats) -> Survey:
    """Build a survey from weekly answers, shape (T, 3): unfavourable, neutral, favourable; weeks without
    answers are allowed.

    The variance of a small wave is taken from the whole period's spread, so that 16 equal answers do not
    claim certainty.
    """
    if n.ndim != 2 or n.shape[1] != 3 or (n < 0).any() or not np.isfinite(n).all():
        raise OpinionError(f"survey: expected weekly counts of shape (weeks, 3), all >= 0, got shape {n.shape}")
    total = n.sum(axis=1)
    if total.sum() == 0:
        raise OpinionError("survey: not one answer")
    p = (n.sum(axis=0) + 1.0 / 3.0) / (total.sum() + 1.0)
    spread = float(p[0] + p[2] - (p[2] - p[0]) ** 2)
    mean = np.full(total.shape, np.nan)
    np.divide(n[:, 2] - n[:, 0], total, out=mean, where=total > 0)
    return Survey(mean, np.where(total > 0, spread / np.maximum(total, 1.0), np.nan))


@dataclass(frozen=True)
class SocialSignal:
    """What the fusion takes from the posts, logit units: for each candidate share the index (T,) and its
    covariance (T, T).

    ``prior`` is each share's prior weight (from cross-venue authors, or equal).
    """

    shares: tuple[float, ...]
    index: tuple[Floats, ...]
    covariance: tuple[Floats, ...]
    prior: Floats


def social_signal(posterior: Posterior) -> SocialSignal:
    """Read the index at several expression shares; with cross-venue authors at the explanations that they
    leave open.
    """
    if posterior.explained is not None:
        parts = read_parts(posterior)
        told = float(posterior.explained.rho.mean())
        shares = tuple(told if at is None else at for _, at, _ in parts)
        prior = np.array([w for w, _, _ in parts])
        series = [s for _, _, s in parts]
    else:
        shares, prior = _SHARES, np.ones(len(_SHARES))
        series = [read_index(posterior, share) for share in _SHARES]
    return SocialSignal(shares, tuple(s.mean for s in series), tuple(s.covariance for s in series), prior / prior.sum())


def fuse(signal: SocialSignal, survey: Survey) -> Fused:
    """Average over all models by their evidence. Survey alone has prior weight one half."""
    t = survey.mean.size
    if signal.index[0].size != t:
        raise OpinionError(f"survey: {t} weeks, but the posts have {signal.index[0].size}; give one row per week")
    walk = np.minimum.outer(np.arange(1.0, t + 1), np.arange(1.0, t + 1))
    level = np.ones((t, t))  # level unknown, standard deviation 1 in net units
    seen = np.isfinite(survey.mean)
    y, noise = survey.mean[seen], np.diag(survey.variance[seen])
    alone = [(_condition(level + step**2 * walk, np.zeros(t), y, noise, seen)) for step in _STEPS]
    alone_log = np.array([a[0] for a in alone]) + np.log(0.5 / len(alone))
    models: list[tuple[float, Floats, Floats, float, float, float]] = [
        (float(w), a[1], a[2], 0.0, 0.0, np.nan) for w, a in zip(alone_log, alone, strict=True)
    ]
    grid = len(_WALK) * len(_TRANSIENT) * len(_STEPS) * len(_SLOPES)
    for k, share in enumerate(signal.shares):
        z, cov = signal.index[k], signal.covariance[k]
        for move, transient, slope in product(_WALK, _TRANSIENT, _SLOPES):
            # s and its error in net units, so that the grid means the same for every slope
            z_net, error = slope * z, slope**2 * cov + transient**2 * np.eye(t)
            own = move**2 * walk + level
            gain = np.linalg.solve(own + error, own).T
            mean_s, cov_s = gain @ z_net, own - gain @ own
            for step in _STEPS:
                log, mean, cov_t = _condition(cov_s + step**2 * walk + level, mean_s, y, noise, seen)
                weight = log + np.log(0.5 * signal.prior[k] / grid)
                models.append((weight, mean, cov_t, slope, transient, share))
    return _average(models, alone_log, alone)


def _condition(prior: Floats, mean: Floats, y: Floats, noise: Floats, seen: Floats) -> tuple[float, Floats, Floats]:
    """Log evidence of the waves ``y`` and the posterior mean (T,) and variance (T,) of theta."""
    k = prior[:, seen]
    s = k[seen] + noise
    chol = np.linalg.cholesky(s)
    a = np.linalg.solve(chol, (y - mean[seen]))
    b = np.linalg.solve(chol, k.T)
    log = -0.5 * float(a @ a) - float(np.log(np.diag(chol)).sum())
    return log, mean + b.T @ a, np.maximum(np.diag(prior) - np.sum(b**2, axis=0), 0.0)


def _average(
    models: list[tuple[float, Floats, Floats, float, float, float]],
    alone_log: Floats,
    alone: list[tuple[float, Floats, Floats]],
) -> Fused:
    logs = np.array([m[0] for m in models])
    w = np.exp(logs - logs.max())
    w /= w.sum()
    means, variances = np.stack([m[1] for m in models]), np.stack([m[2] for m in models])
    mean = w @ means
    sd = np.sqrt(w @ (variances + (means - mean) ** 2))
    wa = np.exp(alone_log - alone_log.max())
    wa /= wa.sum()
    alone_means = np.stack([a[1] for a in alone])
    alone_mean = wa @ alone_means
    alone_var = wa @ (np.stack([a[2] for a in alone]) + (alone_means - alone_mean) ** 2)
    count = len(alone)
    social = w[count:]
    shares = np.array([m[5] for m in models[count:]])
    return Fused(
        mean,
        sd,
        alone_mean,
        np.sqrt(alone_var),
        float(w[:count].sum()),
        float(social @ shares / max(social.sum(), 1e-300)),
        float(w @ np.array([m[3] for m in models])),
        float(w @ np.array([m[4] for m in models])),
    )
