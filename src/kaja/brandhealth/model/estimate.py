"""The estimator: Fisher scoring on the core, Newton on the variance components, a Laplace posterior at the
end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from kaja.brandhealth.arrays import Floats
from kaja.brandhealth.model.blockfit import settle_shocks
from kaja.brandhealth.model.cellfit import (
    Blocks,
    Information,
    cell_information,
    core_width,
    make_blocks,
)
from kaja.brandhealth.model.heldshare import Held, hold_share
from kaja.brandhealth.model.layout import Layout, make_layout
from kaja.brandhealth.model.ordinal import (
    dirichlet_covariance,
    logits_from_matrices,
    matrix_posterior,
    possible_matrices,
)
from kaja.brandhealth.model.pairfit import PairData, make_pair_data, pair_information, pair_value
from kaja.brandhealth.model.share import Explained, explain_venues
from kaja.brandhealth.model.transient import Split, split_tone
from kaja.brandhealth.model.variance import Hyper, log_tau_score, posterior_moments, start_hyper, update_hyper
from kaja.brandhealth.posts.counts import Counts, merge_cells

MAX_ITERATIONS: Final = 60

# No unknown moves further than this (logit units) in one step: far from the optimum the information is only
# local.
_LONGEST_STEP: Final = 2.0
# How far beyond its move a matrix may lie, in lengths of the move (one standard deviation).
_BEYOND: Final = 2.0
# From this decrement on the steps use the observed information.
_NEAR: Final = 300.0
Progress = Callable[[int, float], None]


@dataclass(frozen=True)
class Posterior:
    """The Laplace posterior of one fit.

    ``x`` (P,) mode of the core, ``covariance`` (P, P) given the variance components, ``shocks`` (B, 2); ``hyper``
    the variance components with the covariance of their logarithms ``hyper_covariance`` (K, K); ``info`` the
    likelihood at the mode; ``matrices`` (G, 3, 3) are the confusion matrices used, ``matrix_slope`` (P, 6G) the
    change of the mode by their logits, ``matrix_covariance`` (6G, 6G) the logits' covariance given the hand labels;
    ``split`` divides the weekly common tone into opinion and pile-on; ``explained`` says why venues differ (None
    without cross-venue authors), ``held`` are the fits with the share held at an end. ``iterations``, ``converged``,
    ``decrement`` (the last Newton step in posterior standard deviations) say how it ended.
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
    split: Split
    explained: Explained | None
    held: tuple[Held, ...]
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
    labelled = None if counts.labels is None else matrix_posterior(counts.labels)
    alpha = None if labelled is None else possible_matrices(labelled, _reported(counts))
    matrices = np.repeat(np.eye(3)[None], layout.groups, axis=0) if alpha is None else _means(alpha)
    problem = _Problem(counts, layout, make_blocks(counts), make_pair_data(counts, layout), matrices)
    spread = np.zeros((0, 0)) if alpha is None or labelled is None else _matrix_covariance(labelled, alpha)
    return _run(problem, spread, progress)


def _matrix_covariance(labelled: Floats, moved: Floats) -> Floats:
    """Covariance (6G, 6G) of the matrices' logits: from the labels, and from how far a matrix had to move.

    A matrix at the edge of what is possible is known less well than its labels say, in just this direction: it was
    moved as little as possible, and the truth lies somewhere beyond.
    """
    size = labelled.shape[0]
    out = np.zeros((6 * size, 6 * size))
    step = logits_from_matrices(_means(moved)) - logits_from_matrices(_means(labelled))
    for g, block in enumerate(dirichlet_covariance(moved)):
        out[6 * g : 6 * g + 6, 6 * g : 6 * g + 6] = block + _BEYOND**2 * np.outer(step[g], step[g])
    return out


def _means(alpha: Floats) -> Floats:
    return np.asarray(alpha / alpha.sum(axis=2, keepdims=True), dtype=np.float64)


def _reported(counts: Counts) -> Floats:
    """Votes by week and classifier group, shape (T, G, 3)."""
    size = (len(counts.weeks), len(counts.groups))
    key = counts.week * size[1] + counts.group
    by_class = [np.bincount(key, counts.n[:, k], minlength=size[0] * size[1]) for k in range(3)]
    return np.asarray(np.stack(by_class, axis=1).reshape(*size, 3), dtype=np.float64)


def _start(problem: _Problem) -> Floats:
    """The prior centres."""
    layout = problem.layout
    x = np.where(layout.comp == -1, layout.centre, 0.0)
    if layout.has_pairs:
        x[layout.part("rho")] = x[layout.at["rho"]]
    return np.asarray(x, dtype=np.float64)


def _core_value(x: Floats, hyper: Hyper, problem: _Problem) -> float:
    """Log prior of the core."""
    layout = problem.layout
    return layout.prior_terms(x, hyper.weights(layout))[0] + float(hyper.scale_tilt @ x[layout.part("lambda")])


def _best(x: Floats, shocks: Floats, hyper: Hyper, problem: _Problem) -> tuple[float, Floats]:
    """The objective at ``x`` on the ridge of the best shocks, and these shocks."""
    precision = hyper.shock_precision(problem.blocks)
    shocks, value = settle_shocks(x, shocks, problem.matrices, precision, problem.blocks, problem.layout)
    if problem.pairs is not None:
        value += pair_value(x, problem.matrices, problem.pairs, problem.layout)
    return value + _core_value(x, hyper, problem), shocks


def _system(
    x: Floats,
    shocks: Floats,
    hyper: Hyper,
    problem: _Problem,
    with_m: bool = False,
    observed: bool = False,
) -> tuple[Information, float, Floats, Floats]:
    """Information of the cells, objective, penalised gradient and Hessian of the core (and the matrices'
    logits).
    """
    layout, p = problem.layout, problem.layout.size
    precision = hyper.shock_precision(problem.blocks)
    info = cell_information(x, shocks, problem.matrices, precision, problem.blocks, layout, with_m, observed)
    weight = hyper.weights(layout)
    gradient, hessian = info.gradient.copy(), info.hessian.copy()
    gradient[:p] += layout.prior_terms(x, weight)[1]
    gradient[layout.part("lambda")] += hyper.scale_tilt
    hessian[:p, :p] += layout.precision(weight)
    value = info.value + _core_value(x, hyper, problem) - 0.5 * float(np.sum(precision * shocks**2))
    if problem.pairs is not None:
        part, slope, curve = pair_information(x, problem.matrices, problem.pairs, layout, with_m)
        value, gradient, hessian = value + part, gradient + slope, hessian + curve
    return info, value, gradient, hessian


def _curvature(
    x: Floats,
    shocks: Floats,
    hyper: Hyper,
    problem: _Problem,
    observed: bool,
    with_m: bool = False,
) -> tuple[Information, float, Floats, Floats, Floats]:
    """As :func:`_system`, with the core's covariance; Fisher's information where the observed one is not positive."""
    p = problem.layout.size
    if observed:
        info, value, gradient, hessian = _system(x, shocks, hyper, problem, with_m, True)
        try:
            np.linalg.cholesky(hessian[:p, :p])
        except np.linalg.LinAlgError:
            pass
        else:
            return info, value, gradient, hessian, _inverse(hessian[:p, :p])
    info, value, gradient, hessian = _system(x, shocks, hyper, problem, with_m)
    return info, value, gradient, hessian, _inverse(hessian[:p, :p])


def _run(problem: _Problem, spread: Floats, progress: Progress | None) -> Posterior:
    layout, blocks = problem.layout, problem.blocks
    hyper = start_hyper(layout)
    x, shocks = _start(problem), np.zeros((blocks.size, 2))
    decrement, settled, iteration = np.inf, 0, 0
    for iteration in range(1, MAX_ITERATIONS + 1):
        info, value, gradient, hessian, covariance = _curvature(x, shocks, hyper, problem, decrement < _NEAR)
        dx = covariance @ gradient
        ds = info.shift - np.einsum("bix,bx->bi", info.couple, dx[info.index])
        own = np.einsum("bi,bij,bj->b", info.shift, np.linalg.inv(info.inverse), info.shift)
        decrement = float(np.sqrt(max(gradient @ dx, 0.0) + own.sum()))
        x, shocks = _line_search(x, shocks, dx, ds, value, hyper, problem)
        if progress is not None:
            progress(iteration, decrement)
        if settled < 2 and decrement < 6.0:  # far from the mode, moments mean nothing
            moments = posterior_moments(x, covariance, info, layout)
            hyper, change = update_hyper(hyper, moments, x, shocks, blocks, layout)
            settled = settled + 1 if change < 0.05 and decrement < 1.0 else 0
        elif settled >= 2 and decrement < 0.5:
            break
    info, _, gradient, hessian, covariance = _curvature(x, shocks, hyper, problem, True, with_m=spread.size > 0)
    p, x_count = layout.size, core_width(layout)
    info = replace(info, index=info.index[:, :x_count], couple=info.couple[:, :, :x_count])
    moments = posterior_moments(x, covariance, info, layout)
    _, information = log_tau_score(hyper, moments, shocks, blocks, layout)
    slope = -covariance @ hessian[:p, p:]
    held: tuple[Held, ...] = ()
    explained: Explained | None = None
    if problem.pairs is not None:
        held = hold_share(x, gradient, hessian, problem.matrices, problem.pairs, hyper, layout)
        gains = {one.share: one.gain for one in held}
        explained = explain_venues(x, covariance, slope, spread, hyper, layout, gains)
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
        split_tone(x, covariance, hyper, layout),
        explained,
        held,
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
    hyper: Hyper,
    problem: _Problem,
) -> tuple[Floats, Floats]:
    """Halve the step until the objective on the ridge of the best shocks does not fall."""
    step = min(1.0, _LONGEST_STEP / max(float(np.abs(dx).max()), 1e-300))
    for _ in range(12):
        found, settled = _best(x + step * dx, shocks + step * ds, hyper, problem)
        if found >= value - 1e-12 * abs(value):
            return x + step * dx, settled
        step /= 2.0
    return x, _best(x, shocks, hyper, problem)[1]
