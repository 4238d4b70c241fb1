"""The likelihood of authors seen in two venues in one week: what tells expression from selection.

For such an author the opinion u is the same in both venues, so that who goes where cancels; only how people talk there
(the expression x_f) and noise remain. With u ~ N(base, s^2) among cross-posters (their own mean and spread, which need
not be other people's) and reported classes k1, k2:

    P(k1, k2) = sum_jl M1[j, k1] M2[l, k2] E_u[ p_j(u + x_f1) p_l(u + x_f2) ],     x_f = rho_t (alpha_f + omega_ft) + xi_f.

Thresholds and the formats' log scales are those of the cells, so that a gap which saturates on three classes is not taken for a small one; the
expectation is a Gauss-Hermite sum. The confusion matrices are the cells' own, so that their error is not taken for
expression.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kaja.brandhealth.counts import Counts, Pairs
from kaja.brandhealth.layout import Layout
from kaja.brandhealth.ordinal import TINY, Floats, Ints, class_derivatives, matrix_tangent

_RAW_NODES, _RAW_WEIGHTS = np.polynomial.hermite_e.hermegauss(15)
NODES: Floats = np.asarray(_RAW_NODES, dtype=np.float64)
WEIGHTS: Floats = np.asarray(_RAW_WEIGHTS / _RAW_WEIGHTS.sum(), dtype=np.float64)


@dataclass(frozen=True)
class PairData:
    """A pair table and the index of each row's pair of formats, shape (R,), in ``layout.pair_types``."""

    pairs: Pairs
    kind: Ints


def make_pair_data(counts: Counts, layout: Layout) -> PairData | None:
    """Prepare the pair table; None when there is none."""
    if not layout.has_pairs or counts.pairs is None:
        return None
    place = {kind: i for i, kind in enumerate(layout.pair_types)}
    both = zip(counts.pairs.first.tolist(), counts.pairs.second.tolist(), strict=True)
    return PairData(counts.pairs, np.array([place[kind] for kind in both], dtype=np.int64))


def expression(x: Floats, layout: Layout, week: Ints, fmt: Ints) -> Floats:
    """The expression x_f of formats ``fmt`` in weeks ``week`` (logit units, up to a constant per pair)."""
    at = layout.at
    gap = x[at["alpha"] + fmt] + x[at["omega"] + fmt * layout.weeks + week]
    return np.asarray(x[at["rho"] + week] * gap + x[at["xi"] + fmt], dtype=np.float64)


def joint_table(base: Floats, x1: Floats, x2: Floats, g: float, ell1: Floats, ell2: Floats, s: float) -> Floats:
    """True-class table of a pair, shape (R, 3, 3): cross-posters of mean ``base`` and spread ``s``, log noise scales ``ell``."""
    u = base[:, None] + s * NODES
    p1, _ = class_derivatives(u + x1[:, None], g, ell1[:, None])
    p2, _ = class_derivatives(u + x2[:, None], g, ell2[:, None])
    return np.asarray(np.einsum("rqj,rql,q->rjl", p1, p2, WEIGHTS), dtype=np.float64)


def _local(x: Floats, data: PairData, offset: Floats, layout: Layout) -> tuple[Floats, Floats]:
    """Table R (R, 3, 3) and its derivatives (R, 7, 3, 3) by base, x1, x2, log g, log scales 1 and 2, log s."""
    at, pairs = layout.at, data.pairs
    base = x[at["mu"] + pairs.week] + x[at["v"] + pairs.week] + x[at["m"] + data.kind]
    g, s = float(np.exp(x[at["log_g"]])), float(np.exp(x[at["log_s"]]))
    u = base[:, None] + s * NODES
    sides = []
    for fmt in (pairs.first, pairs.second):
        eta = u + (expression(x, layout, pairs.week, fmt) + offset[pairs.week, fmt])[:, None]
        sides.append(class_derivatives(eta, g, (x[at["log_c"]] + x[at["lambda"] + fmt])[:, None]))
    (p1, d1), (p2, d2) = sides
    w1 = np.swapaxes(p1 * WEIGHTS[:, None], 1, 2)
    table = w1 @ p2
    left = [np.swapaxes(d1[:, :, i] * WEIGHTS[:, None], 1, 2) @ p2 for i in range(3)]
    right = [w1 @ d2[:, :, i] for i in range(3)]
    spread = s * WEIGHTS * NODES
    by_s = np.swapaxes(d1[:, :, 0] * spread[:, None], 1, 2) @ p2
    by_s += np.swapaxes(p1 * spread[:, None], 1, 2) @ d2[:, :, 0]
    slopes = [left[0] + right[0], left[0], right[0], left[2] + right[2], left[1], right[1], by_s]
    return table, np.stack(slopes, axis=1)


def pair_information(
    x: Floats, matrices: Floats, data: PairData, offset: Floats, layout: Layout, with_m: bool = False
) -> tuple[float, Floats, Floats]:
    """Log likelihood, gradient (P,) and Fisher information (P, P) of the pair table.

    ``offset`` (T, F) is the mean topic and domain effect of a format's votes, taken as given. ``with_m`` appends the matrices'
    logits as in :func:`~kaja.brandhealth.cellfit.cell_information`.
    """
    pairs = data.pairs
    table, slope = _local(x, data, offset, layout)
    m1, m2 = matrices[pairs.group_first], matrices[pairs.group_second]
    m1t = np.swapaxes(m1, 1, 2)
    q = np.maximum(m1t @ table @ m2, TINY)
    d = m1t[:, None] @ slope @ m2[:, None]
    if with_m:
        tangent = matrix_tangent(matrices)
        t1, t2 = tangent[pairs.group_first], tangent[pairs.group_second]
        by_first = np.swapaxes(t1, 2, 3) @ (table @ m2)[:, None]
        by_second = (m1t @ table)[:, None] @ t2
        d = np.concatenate([d, by_first, by_second], axis=1)
    d = d.reshape(d.shape[0], d.shape[1], 9)
    q, n = q.reshape(-1, 9), pairs.n.reshape(-1, 9)
    value = float(np.sum(n * np.log(q)))
    score = np.einsum("rik,rk->ri", d, n / q)
    root = d * np.sqrt(n.sum(axis=1)[:, None] / q)[:, None, :]
    gram = root @ np.swapaxes(root, 1, 2)
    index, feature, factor = _expand(x, data, layout, with_m)
    score_x = score[:, feature] * factor
    gram_x = gram[:, feature][:, :, feature] * factor[:, :, None] * factor[:, None, :]
    size = layout.size + (6 * layout.groups if with_m else 0)
    gradient = np.bincount(index.ravel(), score_x.ravel(), minlength=size)
    pair = (index[:, :, None] * size + index[:, None, :]).ravel()
    hessian = np.bincount(pair, gram_x.ravel(), minlength=size**2).reshape(size, size)
    return value, gradient, hessian


def pair_value(x: Floats, matrices: Floats, data: PairData, offset: Floats, layout: Layout) -> float:
    """Log likelihood of the pair table alone."""
    at, pairs = layout.at, data.pairs
    base = x[at["mu"] + pairs.week] + x[at["v"] + pairs.week] + x[at["m"] + data.kind]
    x1 = expression(x, layout, pairs.week, pairs.first) + offset[pairs.week, pairs.first]
    x2 = expression(x, layout, pairs.week, pairs.second) + offset[pairs.week, pairs.second]
    g, s = float(np.exp(x[at["log_g"]])), float(np.exp(x[at["log_s"]]))
    ell1, ell2 = (x[at["log_c"]] + x[at["lambda"] + fmt] for fmt in (pairs.first, pairs.second))
    m1, m2 = matrices[pairs.group_first], matrices[pairs.group_second]
    q = np.maximum(np.swapaxes(m1, 1, 2) @ joint_table(base, x1, x2, g, ell1, ell2, s) @ m2, TINY)
    return float(np.sum(pairs.n * np.log(q)))


def _expand(x: Floats, data: PairData, layout: Layout, with_m: bool) -> tuple[Ints, Ints, Floats]:
    """Core index (R, X), local feature (X,) and chain-rule factor (R, X) of each expanded feature."""
    at, pairs, t = layout.at, data.pairs, layout.weeks
    rows = pairs.week.size
    one = np.ones(rows)
    rho = x[at["rho"] + pairs.week]
    parts: list[tuple[Ints, int, Floats]] = [
        (at["mu"] + pairs.week, 0, one),
        (at["v"] + pairs.week, 0, one),
        (at["m"] + data.kind, 0, one),
    ]
    for fmt, local in ((pairs.first, 1), (pairs.second, 2)):
        omega = at["omega"] + fmt * t + pairs.week
        gap = x[at["alpha"] + fmt] + x[omega]
        parts += [
            (at["rho"] + pairs.week, local, gap),
            (at["alpha"] + fmt, local, rho),
            (omega, local, rho),
            (at["xi"] + fmt, local, one),
        ]
    for name, local in (("log_g", 3), ("log_c", 4), ("log_c", 5), ("log_s", 6)):
        parts.append((np.full(rows, at[name]), local, one))
    parts += [(at["lambda"] + pairs.first, 4, one), (at["lambda"] + pairs.second, 5, one)]
    if with_m:
        for offset, group in ((7, pairs.group_first), (13, pairs.group_second)):
            parts += [(layout.size + 6 * group + r, offset + r, one) for r in range(6)]
    index = np.stack([p[0] for p in parts], axis=1).astype(np.int64)
    feature = np.array([p[1] for p in parts], dtype=np.int64)
    factor = np.stack([p[2] for p in parts], axis=1)
    return index, feature, np.asarray(factor, dtype=np.float64)
