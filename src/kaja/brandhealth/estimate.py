"""The estimator: Fisher scoring on the core, Newton on the variance components, a Laplace posterior at the
end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from kaja.brandhealth.cellfit import (
    Blocks,
    Information,
    cell_information,
    cell_location,
    core_width,
    make_blocks,
)
from kaja.brandhealth.counts import Counts, merge_cells
from kaja.brandhealth.layout import Layout, make_layout
from kaja.brandhealth.ordinal import TINY, Floats, class_probabilities, dirichlet_covariance, matrix_posterior
from kaja.brandhealth.pairfit import PairData, make_pair_data, pair_information, pair_value
from kaja.brandhealth.variance import Hyper, log_tau_score, posterior_moments, start_hyper, update_hyper

MAX_ITERATIONS: Final = 60

# No unknown moves further than this (logit units) in one step: far from the optimum the information is only
# local.
_LONGEST_STEP: Final = 2.0
Progress = Callable[[int, float], None]


@dataclass(frozen=True)
class Posterior:
    """The Laplace posterior of one fit.

    ``x`` (P,) mode of the core, ``covariance`` (P, P) given the variance components, ``shocks`` (B, 2);
    ``hyper`` the
    variance components with the covariance of their logarithms ``hyper_covariance`` (K, K); ``info`` the
    likelihood at the mode;
    ``matrices`` (G, 3, 3) are the confusion matrices used, ``matrix_slope`` (P, 6G) the change of the mode by
    their logits,
    ``matrix_covariance`` (6G, 6G) the logits' covariance given the hand labels. ``iterations``,
    ``converged``, ``decrement`` (the last Newton step in posterior standard deviations) say how it ended.
    """

    counts: Counts
    layout: Layout
    blocks: Blocks
    x: Floats
    covariance: Floats
    shocks: Floats
    hyper: Hyper
    hyper_covariance: Floats
    info: Information
    matrices: Floats
    matrix_slope: Floats
    matrix_covariance: Floats
    iterations: int
    converged: bool
    decrement: float

    def get(self, name: str) -> Floats:
        """The posterior mode of one family of unknowns."""
        return self.x[self.layout.part(name)]

    def sd(self, name: str) -> Floats:
        """The posterior standard deviation of one family, given the variance components."""
        part = self.layout.part(name)
        return np.asarray(np.sqrt(np.maximum(np.diag(self.covariance)[part], 0.0)), dtype=np.float64)


@dataclass(frozen=True)
class _Problem:
    counts: Counts
    layout: Layout
    blocks: Blocks
    pairs: PairData | None
    matrices: Floats


def fit_counts(counts: Counts, progress: Progress | None = None) -> Posterior:
    """Fit the model to counts and return its Laplace posterior.

    Hand labels and author pairs are used when ``counts`` carries them. Never raises for thin data: the priors
    are proper.

    The confusion matrices stand inside the likelihood but learn from the hand labels alone (a "cut", Plummer,
    Statistics and
    Computing 25, 2015): with millions of votes the slightest misfit of the ordinal shape would otherwise
    overrule the
    labels. Their uncertainty is carried into everything through ``matrix_slope``.
    ``progress`` is called with (iteration, decrement).
    """
    counts = merge_cells(counts)
    has_pairs = counts.pairs is not None and counts.pairs.total > 0 and len(counts.formats) > 1
    layout = make_layout(counts, has_pairs)
    alpha = None if counts.labels is None else matrix_posterior(counts.labels)
    if alpha is None:
        matrices = np.repeat(np.eye(3)[None], layout.groups, axis=0)
    else:
        matrices = alpha / alpha.sum(axis=2, keepdims=True)
    problem = _Problem(counts, layout, make_blocks(counts), make_pair_data(counts, layout), matrices)
    return _run(problem, alpha, progress)


def _start(problem: _Problem) -> Floats:
    """The prior centres."""
    layout = problem.layout
    x = np.where(layout.comp == -1, layout.centre, 0.0)
    if layout.has_pairs:
        x[layout.part("rho")] = x[layout.at["rho"]]
    return np.asarray(x, dtype=np.float64)


def pair_offset(x: Floats, counts: Counts, layout: Layout) -> Floats:
    """Vote-weighted mean of the domain and topic effects per week and format, shape (T, F)."""
    effect = x[layout.at["delta"] + counts.domain] + x[layout.at["beta"] + counts.topic]
    key = counts.week * layout.formats + counts.format
    total = counts.n.sum(axis=1)
    size = layout.weeks * layout.formats
    top, bottom = np.bincount(key, total * effect, minlength=size), np.bincount(key, total, minlength=size)
    return np.divide(top, bottom, out=np.zeros(size), where=bottom > 0).reshape(layout.weeks, layout.formats)


def _prior_value(x: Floats, shocks: Floats, hyper: Hyper, problem: _Problem) -> float:
    layout = problem.layout
    value = layout.prior_terms(x, hyper.weights(layout))[0] + float(hyper.scale_tilt @ x[layout.part("lambda")])
    value -= 0.5 * float(np.sum(hyper.shock_precision(problem.blocks) * shocks**2))
    return value


def _objective(x: Floats, shocks: Floats, offset: Floats, hyper: Hyper, problem: _Problem) -> float:
    value = float(np.sum(_cell_values(x, shocks, problem)))
    if problem.pairs is not None:
        value += pair_value(x, problem.matrices, problem.pairs, offset, problem.layout)
    return value + _prior_value(x, shocks, hyper, problem)


def _cell_values(x: Floats, shocks: Floats, problem: _Problem) -> Floats:
    """Log likelihood of each cell, shape (C,)."""
    layout, blocks = problem.layout, problem.blocks
    eta = cell_location(x, shocks[:, 0], blocks, layout)
    ell = x[layout.at["lambda"] + blocks.format][blocks.cell_block]
    p = class_probabilities(eta, np.exp(x[layout.at["log_g"]] + shocks[:, 1])[blocks.cell_block], ell)
    q = np.maximum(np.einsum("cj,cjk->ck", p, problem.matrices[blocks.group[blocks.cell_block]]), TINY)
    return np.asarray(np.sum(blocks.n * np.log(q), axis=1), dtype=np.float64)


def _damped(x: Floats, shocks: Floats, ds: Floats, own: Floats, hyper: Hyper, problem: _Problem) -> Floats:
    """Shorten single blocks' steps that overshoot.

    A domain-week whose votes lie at the edge of what its confusion matrix allows has a flat likelihood on one
    side; Fisher
    scoring then jumps to and fro for ever, however small the rest of the step is.
    """
    wild = own > 0.1
    if not wild.any():
        return ds
    blocks, best = problem.blocks, np.full(wild.size, -np.inf)
    precision, out = hyper.shock_precision(blocks), ds.copy()
    for factor in (1.0, 0.5, 0.25, 0.1, 0.0):
        trial = shocks + np.where(wild[:, None], factor, 1.0) * ds
        value = np.bincount(blocks.cell_block, _cell_values(x, trial, problem), minlength=wild.size)
        value -= 0.5 * np.sum(precision * trial**2, axis=1)
        better = wild & (value > best)
        best[better] = value[better]
        out[better] = factor * ds[better]
    return out


def _system(
    x: Floats, shocks: Floats, offset: Floats, hyper: Hyper, problem: _Problem, with_m: bool = False
) -> tuple[Information, float, Floats, Floats]:
    """Information of the cells, objective, penalised gradient and Hessian of the core (and the matrices'
    logits).
    """
    layout, p = problem.layout, problem.layout.size
    precision = hyper.shock_precision(problem.blocks)
    info = cell_information(x, shocks, problem.matrices, precision, problem.blocks, layout, with_m)
    weight = hyper.weights(layout)
    gradient, hessian = info.gradient.copy(), info.hessian.copy()
    gradient[:p] += layout.prior_terms(x, weight)[1]
    gradient[layout.part("lambda")] += hyper.scale_tilt
    hessian[:p, :p] += layout.precision(weight)
    value = info.value + _prior_value(x, shocks, hyper, problem)
    if problem.pairs is not None:
        part, slope, curve = pair_information(x, problem.matrices, problem.pairs, offset, layout, with_m)
        value, gradient, hessian = value + part, gradient + slope, hessian + curve
    return info, value, gradient, hessian


def _run(problem: _Problem, alpha: Floats | None, progress: Progress | None) -> Posterior:
    layout, blocks = problem.layout, problem.blocks
    hyper = start_hyper(layout)
    x, shocks = _start(problem), np.zeros((blocks.size, 2))
    decrement, settled, iteration = np.inf, 0, 0
    offset = np.zeros((layout.weeks, layout.formats))
    for iteration in range(1, MAX_ITERATIONS + 1):
        if settled < 2:  # then held, so that the last steps solve one fixed problem
            offset = pair_offset(x, problem.counts, layout)
        info, value, gradient, hessian = _system(x, shocks, offset, hyper, problem)
        covariance = _inverse(hessian)
        dx = covariance @ gradient
        ds = info.shift - np.einsum("bix,bx->bi", info.couple, dx[info.index])
        own = np.einsum("bi,bij,bj->b", info.shift, np.linalg.inv(info.inverse), info.shift)
        decrement = float(np.sqrt(max(gradient @ dx, 0.0) + own.sum()))
        if decrement < 20.0:
            ds = _damped(x + dx, shocks, ds, own, hyper, problem)
        x, shocks = _line_search(x, shocks, dx, ds, value, offset, hyper, problem, decrement)
        if progress is not None:
            progress(iteration, decrement)
        if settled < 2 and decrement < 6.0:  # far from the mode, moments mean nothing
            moments = posterior_moments(x, covariance, info, layout)
            hyper, change = update_hyper(hyper, moments, x, shocks, blocks, layout)
            settled = settled + 1 if change < 0.05 and decrement < 1.0 else 0
        elif settled >= 2 and decrement < 0.5:
            break
    info, _, _, hessian = _system(x, shocks, offset, hyper, problem, with_m=alpha is not None)
    p, x_count = layout.size, core_width(layout)
    covariance = _inverse(hessian[:p, :p])
    info = replace(info, index=info.index[:, :x_count], couple=info.couple[:, :, :x_count])
    moments = posterior_moments(x, covariance, info, layout)
    _, information = log_tau_score(hyper, moments, shocks, blocks, layout)
    slope = -covariance @ hessian[:p, p:]
    spread = np.zeros((hessian.shape[0] - p,) * 2)
    if alpha is not None:
        for g, block in enumerate(dirichlet_covariance(alpha)):
            spread[6 * g : 6 * g + 6, 6 * g : 6 * g + 6] = block
    return Posterior(
        problem.counts,
        layout,
        blocks,
        x,
        covariance,
        shocks,
        hyper,
        _inverse(information),
        info,
        problem.matrices,
        slope,
        spread,
        iteration,
        settled >= 2 and decrement < 1.0,
        decrement,
    )


def _inverse(hessian: Floats) -> Floats:
    inverse = np.linalg.inv(hessian)
    return np.asarray((inverse + inverse.T) / 2.0, dtype=np.float64)


def _line_search(
    x: Floats,
    shocks: Floats,
    dx: Floats,
    ds: Floats,
    value: float,
    offset: Floats,
    hyper: Hyper,
    problem: _Problem,
    decrement: float,
) -> tuple[Floats, Floats]:
    """Halve the step until the objective does not fall; near the optimum the full step is safe and the check
    is skipped.
    """
    if decrement < 0.5:
        return x + dx, shocks + ds
    step = min(1.0, _LONGEST_STEP / max(float(np.abs(dx).max()), float(np.abs(ds).max())))
    for _ in range(20):
        if _objective(x + step * dx, shocks + step * ds, offset, hyper, problem) >= value - 1e-9 * abs(value):
            return x + step * dx, shocks + step * ds
        step /= 2.0
    return x, shocks
