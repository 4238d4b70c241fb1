"""Opinion or pile-on: how a week's common tone divides, averaged over how strong each may be.

Only the sum s_t = mu_t + v_t of opinion and transient meets the data. Everything else integrated out, the data say

    exp(-s' precision s / 2 + shift' s)

about it, which is read off the Laplace posterior and does not depend on the two variance components. So both
components are integrated out on a grid instead of being plugged in, and the transient has a spike and slab: with
probability one half there are no pile-ons at all (Mitchell & Beauchamp, JASA 83, 1988). Without the spike a calm
brand's real movement was taken for pile-ons and smoothed away. The Student-t prior of v is handled by expectation
propagation (Minka 2001) over its scale mixture: its evidence is close to exact, where a mean-field bound would have
charged the slab .16 nats a week.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import lgamma, log, pi
from typing import Final

import numpy as np

from kaja.brandhealth.arrays import Floats
from kaja.brandhealth.model.layout import START_LEVEL, Layout
from kaja.brandhealth.model.variance import PRIOR_MEAN, PRIOR_SD, TRANSIENT_DF, Hyper

# The variance components averaged over are the first two of COMPONENTS: mu and v.
AVERAGED: Final = 2
# Prior probability that nothing is transient.
NO_PILE_ONS: Final = 0.5
# Settings whose weight is below this share of the largest are left out.
_NEGLIGIBLE: Final = 1e-3
# The first look: natural logarithms of the two standard deviations, around their prior medians.
_MU_LOOK: Final = np.linspace(-2.4, 2.6, 11)
_V_LOOK: Final = np.linspace(-1.8, 2.7, 7)
_MU_FINE: Final = 9
_V_FINE: Final = 7
# Beyond so many weeks half as many settings: each costs the cube of the weeks, and long series tell their scales well.
_LONG: Final = 150
_SWEEPS: Final = 30
_LEAST_SITE: Final = 1e-3


def _scale_nodes() -> tuple[Floats, Floats]:
    """Nodes w and logarithmic weights of Gamma(df/2, df/2): a Student-t is a mixture of N(0, tau^2 / w)."""
    log_w = np.linspace(-7.0, 2.6, 49)
    half = TRANSIENT_DF / 2.0
    density = half * np.log(half) - lgamma(half) + half * log_w - half * np.exp(log_w)
    weight = np.exp(density) * (log_w[1] - log_w[0])
    return np.exp(log_w), np.log(weight / weight.sum())


_NODES, _LOG_NODE_WEIGHTS = _scale_nodes()


@dataclass(frozen=True)
class Setting:
    """One setting of the two variance components, with its posterior ``weight``.

    Given it, mu = ``base`` - ``through`` v + N(0, ``spread``) and v ~ N(``v_mean``, ``v_cov``); shapes (T,) and (T, T).
    """

    weight: float
    base: Floats
    spread: Floats
    through: Floats
    v_mean: Floats
    v_cov: Floats


@dataclass(frozen=True)
class Split:
    """The weekly common tone and its division.

    ``mean`` (T,), ``covariance`` and ``inverse`` (T, T): the common tone s under the fit's own variance components;
    ``settings``: the settings averaged over; ``no_pile_ons``: the posterior probability that nothing was transient;
    ``opinion`` (T,): the posterior mean of mu.
    """

    mean: Floats
    covariance: Floats
    inverse: Floats
    settings: tuple[Setting, ...]
    no_pile_ons: float
    opinion: Floats


@dataclass(frozen=True)
class _Tone:
    """What the data say about s (``precision``, ``shift``), and what that leaves for v once mu is integrated out."""

    log_evidence: float
    base: Floats
    spread: Floats
    through: Floats
    v_precision: Floats
    v_shift: Floats


def walk_covariance(weeks: int, tau: float) -> Floats:
    """Prior covariance of a random walk with the start's standard deviation, shape (T, T)."""
    i = np.arange(weeks, dtype=np.float64)
    return np.asarray(START_LEVEL[1] ** 2 + tau**2 * np.minimum.outer(i, i), dtype=np.float64)


def split_tone(x: Floats, covariance: Floats, hyper: Hyper, layout: Layout) -> Split:
    """Divide the common tone of a fit with mode ``x`` (P,) and ``covariance`` (P, P) given its variance components."""
    mu, v = layout.part("mu"), layout.part("v")
    mean = x[mu] + x[v]
    cov = covariance[mu, mu] + covariance[v, v] + covariance[mu, v] + covariance[v, mu]
    tau = np.exp(hyper.log_tau[:2])
    prior = walk_covariance(layout.weeks, float(tau[0])) + np.diag(tau[1] ** 2 / hyper.v_weight)
    inverse = _inverse(cov)
    values, vectors = np.linalg.eigh(inverse - _inverse(prior))
    precision = np.asarray((vectors * np.maximum(values, 0.0)) @ vectors.T, dtype=np.float64)
    shift = inverse @ mean
    found = _look(precision, shift, layout.weeks)
    logs = np.array([weight for weight, _, _ in found])
    weights = np.exp(logs - logs.max())
    weights[weights < _NEGLIGIBLE * weights.max()] = 0.0
    weights /= weights.sum()
    settings, calm, opinion = [], 0.0, np.zeros(layout.weeks)
    for weight, (_, is_calm, setting) in zip(weights.tolist(), found, strict=True):
        if weight > 0.0:
            settings.append(replace(setting, weight=weight))
            calm += weight * is_calm
            opinion += weight * (setting.base - setting.through @ setting.v_mean)
    return Split(mean, cov, inverse, tuple(settings), calm, opinion)


def _look(precision: Floats, shift: Floats, weeks: int) -> list[tuple[float, bool, Setting]]:
    """Log weight, 'no pile-ons' and setting over a grid that was first sought coarsely."""
    every = 1 if weeks <= _LONG else 2
    mu_look, v_look = PRIOR_MEAN[0] + _MU_LOOK[::every], PRIOR_MEAN[1] + _V_LOOK[::every]
    coarse = _weigh(precision, shift, weeks, mu_look, v_look)
    best = max(weight for weight, _, _, _, _ in coarse)
    out: list[tuple[float, bool, Setting]] = []
    for calm in (True, False):
        near = [(m, s) for weight, is_calm, m, s, _ in coarse if is_calm == calm and weight > best - 8.0]
        if not near:
            continue
        mu_axis = _axis([m for m, _ in near], float(mu_look[1] - mu_look[0]), _MU_FINE // every)
        v_axis = np.zeros(0) if calm else _axis([s for _, s in near], float(v_look[1] - v_look[0]), _V_FINE // every)
        fine = _weigh(precision, shift, weeks, mu_axis, v_axis)
        out += [(weight, is_calm, setting) for weight, is_calm, _, _, setting in fine if is_calm == calm]
    return out


def _axis(values: list[float], step: float, count: int) -> Floats:
    """``count`` points over the range of ``values`` and most of a step beyond."""
    return np.linspace(min(values) - 0.7 * step, max(values) + 0.7 * step, count)


def _weigh(
    precision: Floats, shift: Floats, weeks: int, mu_axis: Floats, v_axis: Floats
) -> list[tuple[float, bool, float, float, Setting]]:
    """Log weight, 'no pile-ons', log scales and setting of every point of a grid (the spike of v included)."""
    out: list[tuple[float, bool, float, float, Setting]] = []
    mu_step = log(float(mu_axis[1] - mu_axis[0]))
    for log_mu in mu_axis.tolist():
        tone = _tone(precision, shift, weeks, float(np.exp(log_mu)))
        head = tone.log_evidence + mu_step + _log_normal(log_mu, 0)
        none = np.zeros(weeks)
        calm = Setting(0.0, tone.base, tone.spread, tone.through, none, np.zeros((weeks, weeks)))
        out.append((head + log(NO_PILE_ONS), True, log_mu, 0.0, calm))
        sites = (np.full(weeks, 1e-6), np.zeros(weeks))
        for log_v in v_axis[::-1].tolist():
            value, v_mean, v_cov, sites = _propagate(tone, float(np.exp(log_v)), sites)
            weight = head + value + log(1.0 - NO_PILE_ONS) + log(float(v_axis[1] - v_axis[0])) + _log_normal(log_v, 1)
            setting = Setting(0.0, tone.base, tone.spread, tone.through, v_mean, v_cov)
            out.append((weight, False, log_mu, log_v, setting))
    return out


def _log_normal(value: float, component: int) -> float:
    """Prior log density of the logarithm of a standard deviation."""
    z = (value - float(PRIOR_MEAN[component])) / float(PRIOR_SD[component])
    return -0.5 * z * z - log(float(PRIOR_SD[component])) - 0.5 * log(2.0 * pi)


def _tone(precision: Floats, shift: Floats, weeks: int, tau: float) -> _Tone:
    """Integrate the random walk of standard deviation ``tau`` out."""
    root = np.linalg.cholesky(walk_covariance(weeks, tau))
    inner = np.eye(weeks) + root.T @ precision @ root
    spread = root @ np.linalg.solve(inner, root.T)
    spread = (spread + spread.T) / 2.0
    base = spread @ shift
    value = 0.5 * float(shift @ base) - 0.5 * float(np.linalg.slogdet(inner)[1])
    through = spread @ precision
    left = precision - precision @ through
    return _Tone(value, base, spread, through, (left + left.T) / 2.0, shift - through.T @ shift)


def _propagate(
    tone: _Tone, tau: float, sites: tuple[Floats, Floats]
) -> tuple[float, Floats, Floats, tuple[Floats, Floats]]:
    """Expectation propagation for v ~ Student-t(0, ``tau``): log evidence, mean (T,), covariance (T, T), its sites."""
    site, pull = np.maximum(sites[0], 0.3 / tau**2), sites[1].copy()
    marginal_log = np.zeros(site.size)
    for sweep in range(_SWEEPS):
        cov, mean, var = _sites_posterior(tone, site, pull)
        cavity = 1.0 / var - site
        usable = cavity > 1e-10
        cavity = np.where(usable, cavity, 1.0)
        c_var = 1.0 / cavity
        c_mean = c_var * (mean / var - pull)
        marginal_log, t_mean, t_var = _tilted(c_mean, c_var, tau)
        # a far outlier is wider than its cavity; a site of negative precision would not hold together
        t_var = np.minimum(t_var, (1.0 - _LEAST_SITE) * c_var)
        new_site, new_pull = 1.0 / t_var - cavity, t_mean / t_var - cavity * c_mean
        damp = 1.0 if sweep == 0 else 0.7
        step = np.where(usable, damp * (new_site - site), 0.0)
        pull = pull + np.where(usable, damp * (new_pull - pull), 0.0)
        site = site + step
        if float(np.max(np.abs(step) * var)) < 1e-3 and float(np.max(np.abs(t_mean - mean) / np.sqrt(var))) < 1e-3:
            break
    cov, mean, var = _sites_posterior(tone, site, pull)
    cavity = 1.0 / var - site
    usable = cavity > 1e-10
    c_var = np.where(usable, 1.0 / np.where(usable, cavity, 1.0), 1e10)
    c_mean = c_var * (mean / var - pull)
    marginal_log = _tilted(c_mean, c_var, tau)[0]
    gauss = 0.5 * np.log(var / c_var) + 0.5 * mean**2 / var - 0.5 * c_mean**2 / c_var
    value = float(np.sum(marginal_log - gauss)) + 0.5 * mean.size * log(2.0 * pi)
    value += 0.5 * float(np.linalg.slogdet(cov)[1]) + 0.5 * float(mean @ (tone.v_shift + pull))
    return value, mean, cov, (site, pull)


def _sites_posterior(tone: _Tone, site: Floats, pull: Floats) -> tuple[Floats, Floats, Floats]:
    cov = np.linalg.inv(tone.v_precision + np.diag(site))
    cov = (cov + cov.T) / 2.0
    return cov, cov @ (tone.v_shift + pull), np.maximum(np.diag(cov), 1e-12)


def _tilted(mean: Floats, var: Floats, tau: float) -> tuple[Floats, Floats, Floats]:
    """Log mass, mean and variance of Student-t(0, tau) times N(mean, var), per week."""
    own = tau**2 / _NODES
    both = var[:, None] + own
    logs = _LOG_NODE_WEIGHTS - 0.5 * np.log(2.0 * pi * both) - 0.5 * mean[:, None] ** 2 / both
    top = logs.max(axis=1, keepdims=True)
    share = np.exp(logs - top)
    mass = share.sum(axis=1, keepdims=True)
    share = share / mass
    means = own / both * mean[:, None]
    first = np.sum(share * means, axis=1)
    second = np.sum(share * (own * var[:, None] / both + means**2), axis=1)
    return (top + np.log(mass))[:, 0], first, np.maximum(second - first**2, 1e-12)


def average(
    split: Split, value: Floats, grad: Floats, x: Floats, covariance: Floats, layout: Layout
) -> tuple[Floats, Floats, Floats]:
    """Mean (R,), covariance (R, R) and change by x-at-fixed-settings (R, P) of functionals linear in the core.

    ``value`` (R,) and ``grad`` (R, P) are the functionals and their derivatives at the mode ``x``; v must not appear in
    them. The last result replaces ``grad`` wherever something shifts the mode, such as the classifier's matrices.
    """
    mu, v = layout.part("mu"), layout.part("v")
    direct = grad[:, mu]
    other = grad.copy()
    other[:, mu] = 0.0
    carried = other @ covariance
    with_tone = carried[:, mu] + carried[:, v]
    along = with_tone @ split.inverse
    left = carried @ other.T - along @ with_tone.T
    mean, means, total = np.zeros(value.size), [], np.zeros((value.size,) * 2)
    response = np.zeros((value.size, layout.weeks))
    for s in split.settings:
        opinion, tone = s.base - s.through @ s.v_mean, s.base + s.v_mean - s.through @ s.v_mean
        here = value + direct @ (opinion - x[mu]) + along @ (tone - split.mean)
        both = direct + along
        by_v = along - both @ s.through
        total += s.weight * (both @ s.spread @ both.T + by_v @ s.v_cov @ by_v.T)
        response += s.weight * (both @ s.spread + by_v @ s.v_cov @ (np.eye(layout.weeks) - s.through.T))
        mean += s.weight * here
        means.append(here)
    for s, here in zip(split.settings, means, strict=True):
        total += s.weight * np.outer(here - mean, here - mean)
    total += left
    by_tone = response @ split.inverse - along
    sensitivity = other.copy()
    sensitivity[:, mu] += by_tone
    sensitivity[:, v] += by_tone
    return mean, np.asarray((total + total.T) / 2.0, dtype=np.float64), sensitivity


def _inverse(matrix: Floats) -> Floats:
    inverse = np.linalg.inv(matrix)
    return np.asarray((inverse + inverse.T) / 2.0, dtype=np.float64)
