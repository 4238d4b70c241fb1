"""From the posterior to the index: weekly opinion with an interval that carries every uncertainty.

The index of week t, relative to its mean over the period (the level is not identified by posts alone):

    I_t = mu_t + sum_f pi_ft (alpha_f + omega_ft - x_ft) + sum_s w_s (sigma_s + nu_st)

pi_ft is the venue mix of week t, x_ft the expression of format f, w_s the customer base's segment shares. The
transient v, the
domains, the topics and the block shocks are left out: they are what moved the dashboards but not the opinion.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from kaja.brandhealth.arrays import Floats
from kaja.brandhealth.model.cellfit import cell_location
from kaja.brandhealth.model.estimate import Posterior
from kaja.brandhealth.model.ordinal import net
from kaja.brandhealth.model.share import positions
from kaja.brandhealth.model.transient import AVERAGED, average
from kaja.brandhealth.model.variance import Hyper

Z90: Final = 1.6448536269514722


@dataclass(frozen=True)
class Series:
    """A weekly series with its joint uncertainty: ``mean`` (T,), ``covariance`` (T, T); logit units, mean
    zero over time.
    """

    mean: Floats
    covariance: Floats

    @property
    def sd(self) -> Floats:
        """Standard deviation per week, shape (T,)."""
        return np.asarray(np.sqrt(np.maximum(np.diag(self.covariance), 0.0)), dtype=np.float64)

    @property
    def low(self) -> Floats:
        """Lower end of the 90 % interval, shape (T,)."""
        return np.asarray(self.mean - Z90 * self.sd, dtype=np.float64)

    @property
    def high(self) -> Floats:
        """Upper end of the 90 % interval, shape (T,)."""
        return np.asarray(self.mean + Z90 * self.sd, dtype=np.float64)


def observed_weeks(posterior: Posterior) -> Floats:
    """Weight of each week in the centring: 1 / (number of weeks with votes), 0 elsewhere; shape (T,)."""
    seen = np.bincount(posterior.counts.week, minlength=posterior.layout.weeks) > 0
    return np.asarray(seen / seen.sum(), dtype=np.float64)


def index_value(posterior: Posterior, share: float | None = None) -> tuple[Floats, Floats]:
    """The index before centring, shape (T,), and its derivative by the core unknowns, shape (T, P).

    ``share`` fixes the expression share (1: venues differ because people talk differently there; 0: because
    different people go
    there). None takes the share estimated from cross-venue authors, which must then be part of the fit.
    """
    layout, x, t = posterior.layout, posterior.x, posterior.layout.weeks
    at = layout.at
    weeks = np.arange(t)
    mix = posterior.counts.format_shares()
    customer = posterior.counts.segment_shares()
    grad = np.zeros((t, layout.size))
    grad[weeks, at["mu"] + weeks] = 1.0
    value = x[layout.part("mu")].copy()
    for s in range(layout.segments):
        grad[:, at["sigma"] + s] += customer[s]
        grad[weeks, at["nu"] + s * t + weeks] += customer[s]
        value += customer[s] * (x[at["sigma"] + s] + x[at["nu"] + s * t + weeks])
    explained = posterior.explained
    if share is not None:
        rho, xi = np.full(t, share), np.zeros(layout.formats)
    elif explained is not None:
        rho, xi = explained.rho, explained.xi
    else:
        raise ValueError("no cross-venue authors in this fit: give the expression share, or show both readings")
    tone = _venue_tone(posterior)
    gap = tone @ x
    value += (1.0 - rho) * gap - mix @ xi
    grad += (1.0 - rho)[:, None] * tone
    if share is None:
        grad[weeks, at["rho"] + weeks] -= gap
        grad[:, layout.part("xi")] -= mix
    return value, grad


def _venue_tone(posterior: Posterior) -> Floats:
    """Derivative (T, P) by the core of the mix's mean of venues' tone, sum_f pi_ft (alpha_f + omega_ft)."""
    layout, weeks = posterior.layout, np.arange(posterior.layout.weeks)
    mix, grad = posterior.counts.format_shares(), np.zeros((posterior.layout.weeks, posterior.layout.size))
    for f in range(layout.formats):
        grad[:, layout.at["alpha"] + f] = mix[:, f]
        grad[weeks, layout.at["omega"] + f * layout.weeks + weeks] = mix[:, f]
    return grad


def read_index(posterior: Posterior, share: float | None = None) -> Series:
    """The centred index with 90 % intervals; see :func:`index_value` for ``share``.

    With cross-venue authors the three explanations of :mod:`~kaja.brandhealth.model.share` are averaged.
    """
    if share is None and posterior.explained is not None:
        parts = read_parts(posterior)
        total = sum(w for w, _, _ in parts)
        mean = sum((w / total * s.mean for w, _, s in parts), np.zeros(posterior.layout.weeks))
        cov = np.zeros((mean.size, mean.size))
        for w, _, s in parts:
            cov += w / total * (s.covariance + np.outer(s.mean - mean, s.mean - mean))
        return Series(mean, cov)
    return read_functional(posterior, *_centred(posterior, share))


def _centred(posterior: Posterior, share: float | None) -> tuple[Floats, Floats]:
    """The centred index and its derivative at one explanation of the venues' differences (None: the free share)."""
    value, grad = index_value(posterior, share)
    centre = observed_weeks(posterior)
    return value - centre @ value, np.asarray(grad - centre @ grad, dtype=np.float64)


def read_parts(posterior: Posterior) -> tuple[tuple[float, float | None, Series], ...]:
    """Weight, share and index of each explanation that the cross-venue authors leave open."""
    if posterior.explained is None:
        return ()
    weights = posterior.explained.weights
    return tuple((w, at, _read_explained(posterior, at)) for w, at in weights.parts() if w > 1e-4)


def _read_explained(posterior: Posterior, share: float | None) -> Series:
    """The centred index under one explanation.

    A pure share has a fit of its own. Around the free one the other unknowns follow share and residuals by regression.
    """
    assert posterior.explained is not None
    for held in posterior.held:
        if held.share == share:
            one = replace(
                posterior, x=held.x, covariance=held.covariance, matrix_slope=held.matrix_slope, split=held.split
            )
            return read_functional(one, *_centred(one, share))
    rho, xi, spread = posterior.explained.at(share)
    value, grad = _centred(posterior, share)
    at = positions(posterior.layout)
    direct = grad[:, at].copy()
    grad[:, at] = 0.0
    series = read_functional(posterior, value, grad)
    # the matrices' errors move share and venues together: where the share is known better, so are they
    by_matrix = posterior.matrix_slope @ posterior.matrix_covariance @ posterior.matrix_slope[at].T
    joint = posterior.covariance[:, at] + by_matrix
    known = joint[at]
    along = np.linalg.solve(known, joint.T @ grad.T).T
    both = direct + along
    mean = series.mean + along @ (np.r_[rho, xi] - posterior.x[at])
    cov = series.covariance + both @ spread @ both.T - along @ known @ along.T
    if share is None:
        product, product_cov = _share_times_tone(posterior, joint, spread)
        mean, cov = mean - product, cov + product_cov
    return Series(mean, np.asarray((cov + cov.T) / 2.0, dtype=np.float64))


def _share_times_tone(posterior: Posterior, joint: Floats, spread: Floats) -> tuple[Floats, Floats]:
    """Mean (T,) and covariance (T, T) of what the errors of share and venues' tone make together, centred.

    The index holds the product of both. Its linear part leaves this out, and where venues hardly differ and the share
    drifts, it is most of what is not known: the tone that all venues have in common is told by its prior alone.
    ``joint`` (P, T + F) is the covariance of the core with share and residuals in the fit, ``spread`` (T + F, T + F)
    theirs in the end. Moments of Gaussians: Isserlis, Biometrika 12 (1918).
    """
    t, grad = posterior.layout.weeks, _venue_tone(posterior)
    # the variance components' uncertainty included: the common tone is as uncertain as the venues' standard deviation
    tone = read_functional(posterior, grad @ posterior.x, grad).covariance
    known = joint[positions(posterior.layout)]
    along = np.linalg.solve(known, joint.T @ grad.T).T
    tone = tone + along @ (spread - known) @ along.T
    both = spread[:t] @ along.T
    centring = np.eye(t) - observed_weeks(posterior)
    cov = centring @ (spread[:t, :t] * tone + both * both.T) @ centring.T
    return centring @ np.diag(both), np.asarray(cov, dtype=np.float64)


def read_functional(posterior: Posterior, value: Floats, grad: Floats) -> Series:
    """Mean (R,) and covariance (R, R) of functionals linear in the core, every variance component integrated out.

    Opinion's and the pile-ons' components are averaged over (:mod:`~kaja.brandhealth.model.transient`); the others
    enter by the first- and second-order effect of their uncertainty, the classifier's matrices by the implicit-function
    theorem.
    """
    layout, cov, hyper = posterior.layout, posterior.covariance, posterior.hyper
    mean, base, sensitivity = average(posterior.split, value, grad, posterior.x, cov, layout)
    by_matrix = sensitivity @ posterior.matrix_slope
    base = base + by_matrix @ posterior.matrix_covariance @ by_matrix.T
    g = grad @ cov
    weight = hyper.weights(layout)
    z = layout.whiten(posterior.x) - layout.centre
    root = np.sqrt(weight)
    gw = layout.whiten(g.T).T * root
    cw = layout.whiten(layout.whiten(cov).T) * np.outer(root, root)
    theta = _plugged_in(posterior)
    known = layout.comp >= 0
    comp = np.where(known, layout.comp, 0)
    pair_theta = theta[np.ix_(comp, comp)] * np.outer(known, known)
    # second order: the mean of the conditional covariance over the variance components
    second = 4.0 * gw @ (cw * pair_theta) @ gw.T
    second -= 2.0 * (gw * np.where(known, theta[comp, comp], 0.0)) @ gw.T
    slope = np.zeros((grad.shape[0], theta.shape[0]))
    member = np.zeros((layout.size, theta.shape[0]))
    member[np.flatnonzero(known), layout.comp[known]] = 1.0
    slope += 2.0 * (gw * (root * z)) @ member
    for i in range(2):
        part, tangent = _shock_terms(posterior, hyper, g, i)
        j = theta.shape[0] - 2 + i
        slope[:, j] = tangent
        second += theta[j, j] * part
    total = base + second + slope @ theta @ slope.T
    return Series(mean, np.asarray((total + total.T) / 2.0, dtype=np.float64))


def _plugged_in(posterior: Posterior) -> Floats:
    """Covariance (K, K) of the components' logarithms given opinion's and the pile-ons', which are averaged over."""
    information = np.linalg.inv(posterior.hyper_covariance)
    theta = np.zeros_like(information)
    theta[AVERAGED:, AVERAGED:] = np.linalg.inv(information[AVERAGED:, AVERAGED:])
    return theta


def _shock_terms(posterior: Posterior, hyper: Hyper, g: Floats, i: int) -> tuple[Floats, Floats]:
    """Second-order covariance term (R, R) and slope (R,) for the block shocks' scale (i = 0: e, 1: h)."""
    info, layout = posterior.info, posterior.layout
    precision = hyper.shock_precision(posterior.blocks)[:, i]
    couple = info.couple[:, i, :]
    through = -np.einsum("rbx,bx->rb", g[:, info.index], couple)
    weighted = through * precision
    spread = np.zeros((g.shape[0], layout.size))
    for r in range(g.shape[0]):
        spread[r] = np.bincount(info.index.ravel(), (weighted[r][:, None] * couple).ravel(), minlength=layout.size)
    inner = spread @ posterior.covariance @ spread.T + (weighted * info.inverse[:, i, i]) @ weighted.T
    part = 4.0 * inner - 2.0 * through @ weighted.T
    return part, np.asarray(2.0 * weighted @ posterior.shocks[:, i], dtype=np.float64)


def to_net(posterior: Posterior, series: Floats) -> Floats:
    """Map the centred index to net favourability (-1..1) at the period's mean level of the posts.

    The level is that of the posts, not of the customers: without a survey only the movement carries
    information.
    """
    counts, x = posterior.counts, posterior.x
    tone = cell_location(x, posterior.shocks[:, 0], posterior.blocks, posterior.layout)
    # the mean tone of the votes, whatever made it: the venues' part of it is not known apart from opinion's
    level = float(np.average(tone, weights=counts.n.sum(axis=1)))
    return net(np.asarray(series, dtype=np.float64) + level, float(np.exp(x[posterior.layout.at["log_g"]])))
