"""The likelihood of authors seen in two venues in one week: what tells expression from selection.

The same people stand on both sides of a pair, so that who goes where cancels in their difference; only how people talk
there (the expression x_f) is left. Their level carries the other part: people seen in two venues carry what draws to
either (the selection y_f), so that under pure expression all pairs of venues have one level. Both sides follow the
cells' own ordered logit, thresholds and format scales included, around the cross-posters' own mean and with their own
scale c, so that a gap which saturates on three classes is not taken for a small one:

    side s: eta = mu_t + v_t + m_0 + m_fg + pull (y_f + y_g) / 2 + x_s,
    x_f = rho_t (alpha_f + omega_ft) + xi_f,    y_f = alpha_f + omega_ft - x_f.

``pull`` is 1 where people seen in both venues stand midway between the venues' people, and 2 where what draws to either
adds up; m_0 lets cross-posters differ from all others, m_fg one pair of venues from what its venues say.

The two answers of one person are tied by one global odds ratio psi (Dale, Biometrics 42, 1986: closed form, margins
untouched). A shared normal opinion inside a logit was tried first: its margins have other tails than the cells', and
the share came out .15 too low where venues' tones are extreme. The confusion matrices are the cells' own, so that their
error is not taken for expression.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kaja.brandhealth.arrays import Floats, Ints
from kaja.brandhealth.model.layout import Layout
from kaja.brandhealth.model.ordinal import TINY, class_derivatives, matrix_tangent
from kaja.brandhealth.posts.counts import Counts, Pairs


@dataclass(frozen=True)
class PairData:
    """A pair table, the index of each row's pair of formats (R,) in ``layout.pair_types``, and what venues are about.

    ``about`` (T * F, D + A) holds each domain's and topic's share of the votes of a week and format: times their
    effects it gives the tone that a venue has from its domains and topics.
    """

    pairs: Pairs
    kind: Ints
    about: Floats


def make_pair_data(counts: Counts, layout: Layout) -> PairData | None:
    """Prepare the pair table; None when there is none."""
    if not layout.has_pairs or counts.pairs is None:
        return None
    place = {kind: i for i, kind in enumerate(layout.pair_types)}
    both = zip(counts.pairs.first.tolist(), counts.pairs.second.tolist(), strict=True)
    return PairData(counts.pairs, np.array([place[kind] for kind in both], dtype=np.int64), _about(counts, layout))


def _about(counts: Counts, layout: Layout) -> Floats:
    """Shares of domains and topics in the votes of every week and format, shape (T * F, D + A)."""
    place, total = counts.week * layout.formats + counts.format, counts.n.sum(axis=1)
    out = np.zeros((layout.weeks * layout.formats, layout.domains + layout.topics))
    np.add.at(out, (place, counts.domain), total)
    np.add.at(out, (place, layout.domains + counts.topic), total)
    votes = np.bincount(place, total, minlength=out.shape[0])
    return np.asarray(out / np.where(votes > 0, votes, 1.0)[:, None], dtype=np.float64)


def _about_part(layout: Layout) -> slice:
    """The core's unknowns that ``about`` multiplies: domains, then topics."""
    return slice(layout.part("delta").start, layout.part("beta").stop)


def _from_content(x: Floats, data: PairData, layout: Layout) -> Floats:
    """The tone of venues from their domains and topics, shape (T, F)."""
    return np.asarray((data.about @ x[_about_part(layout)]).reshape(layout.weeks, layout.formats), dtype=np.float64)


def expression(x: Floats, layout: Layout, week: Ints, fmt: Ints) -> Floats:
    """The expression x_f of formats ``fmt`` in weeks ``week`` (logit units, up to a constant per pair)."""
    at = layout.at
    gap = x[at["alpha"] + fmt] + x[at["omega"] + fmt * layout.weeks + week]
    return np.asarray(x[at["rho"] + week] * gap + x[at["xi"] + fmt], dtype=np.float64)


def selection(x: Floats, layout: Layout, week: Ints, fmt: Ints) -> Floats:
    """The part of formats' tone that is who goes there, y_f = alpha_f + omega_ft - x_f (logit units)."""
    at = layout.at
    gap = x[at["alpha"] + fmt] + x[at["omega"] + fmt * layout.weeks + week]
    return np.asarray(gap - expression(x, layout, week, fmt), dtype=np.float64)


def _copula(one: Floats, two: Floats, psi: float) -> tuple[Floats, Floats, Floats]:
    """Plackett distribution function at cumulative probabilities, and its derivatives by both."""
    if abs(psi - 1.0) < 1e-4:  # independence, where the closed form is 0 / 0
        return one * two, two, one
    a = 1.0 + (psi - 1.0) * (one + two)
    root = np.sqrt(np.maximum(a**2 - 4.0 * psi * (psi - 1.0) * one * two, TINY))
    value = (a - root) / (2.0 * (psi - 1.0))
    return value, 0.5 * (1.0 - (a - 2.0 * psi * two) / root), 0.5 * (1.0 - (a - 2.0 * psi * one) / root)


def _cumulate(p: Floats) -> Floats:
    """P(negative) and P(negative or neutral), shape (..., 2)."""
    return np.stack([p[..., 0], 1.0 - p[..., 2]], axis=-1)


def _difference(inner: Floats, one: Floats, two: Floats, total: float) -> Floats:
    """3x3 cell values from a distribution function at the inner 2x2 points and its margins (..., 2)."""
    full = np.zeros((*inner.shape[:-2], 4, 4))
    full[..., 1:3, 1:3] = inner
    full[..., 1:3, 3], full[..., 3, 1:3], full[..., 3, 3] = one, two, total
    return np.asarray(np.diff(np.diff(full, axis=-1), axis=-2), dtype=np.float64)


def joint_table(eta1: Floats, eta2: Floats, g: float, ell1: Floats, ell2: Floats, log_psi: float) -> Floats:
    """True-class table of pairs (R, 3, 3) from latent tones (R,), log scales (R,), log global odds ratio."""
    one, two = (_cumulate(class_derivatives(e, g, ell)[0]) for e, ell in ((eta1, ell1), (eta2, ell2)))
    inner = _copula(one[:, :, None], two[:, None, :], float(np.exp(log_psi)))[0]
    return _difference(inner, one, two, 1.0)


def _sides(x: Floats, data: PairData, layout: Layout) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    """Latent tone and log scale of both sides."""
    at, pairs, content = layout.at, data.pairs, _from_content(x, data, layout)
    base = x[at["mu"] + pairs.week] + x[at["v"] + pairs.week] + x[at["m_mean"]] + x[at["m"] + data.kind]
    base = base + x[at["pull"]] * _both_selected(x, data, layout)
    one, two = (
        (
            base + expression(x, layout, pairs.week, f) + content[pairs.week, f],
            x[at["log_c"]] + x[at["lambda"] + f],
        )
        for f in (pairs.first, pairs.second)
    )
    return one, two


def _both_selected(x: Floats, data: PairData, layout: Layout) -> Floats:
    """Mean of the two venues' selection per row, shape (R,)."""
    pairs = data.pairs
    both = selection(x, layout, pairs.week, pairs.first) + selection(x, layout, pairs.week, pairs.second)
    return np.asarray(both / 2.0, dtype=np.float64)


def _local(x: Floats, data: PairData, layout: Layout) -> tuple[Floats, Floats]:
    """Table (R, 3, 3), derivatives (R, 7, 3, 3) by base, x1, x2, log g, log scales 1 and 2, log psi."""
    (eta1, ell1), (eta2, ell2) = _sides(x, data, layout)
    g, log_psi = float(np.exp(x[layout.at["log_g"]])), float(x[layout.at["log_psi"]])
    (p1, d1), (p2, d2) = class_derivatives(eta1, g, ell1), class_derivatives(eta2, g, ell2)
    one, two = _cumulate(p1), _cumulate(p2)
    inner, by_one, by_two = _copula(one[:, :, None], two[:, None, :], float(np.exp(log_psi)))
    slope1 = np.stack([d1[..., 0], -d1[..., 2]], axis=-1)
    slope2 = np.stack([d2[..., 0], -d2[..., 2]], axis=-1)
    none = np.zeros_like(one)

    def first(i: int) -> Floats:
        return _difference(by_one * slope1[:, i, :, None], slope1[:, i], none, 0.0)

    def second(i: int) -> Floats:
        return _difference(by_two * slope2[:, i, None, :], none, slope2[:, i], 0.0)

    step = 1e-4
    up, down = (joint_table(eta1, eta2, g, ell1, ell2, log_psi + s) for s in (step, -step))
    left, right = first(0), second(0)
    slopes = [
        left + right,
        left,
        right,
        first(2) + second(2),
        first(1),
        second(1),
        (up - down) / (2.0 * step),
    ]
    return _difference(inner, one, two, 1.0), np.stack(slopes, axis=1)


def pair_information(
    x: Floats, matrices: Floats, data: PairData, layout: Layout, with_m: bool = False
) -> tuple[float, Floats, Floats]:
    """Log likelihood, gradient (P,) and Fisher information (P, P) of the pair table.

    ``with_m`` appends the matrices' logits as in :func:`~kaja.brandhealth.model.cellfit.cell_information`.
    """
    pairs = data.pairs
    table, slope = _local(x, data, layout)
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
    size = _width(layout, with_m)
    wide = size + data.about.shape[0]
    gradient: Floats = np.asarray(np.bincount(index.ravel(), score_x.ravel(), minlength=wide), dtype=np.float64)
    pair = (index[:, :, None] * wide + index[:, None, :]).ravel()
    summed = np.bincount(pair, gram_x.ravel(), minlength=wide**2)
    hessian: Floats = np.asarray(summed, dtype=np.float64).reshape(wide, wide)
    # what venues are about: summed per week and format first, as every row there shares the same hundred unknowns
    part, own, across = _about_part(layout), slice(0, size), slice(size, wide)
    gradient[part] += data.about.T @ gradient[across]
    hessian[own, part] += hessian[own, across] @ data.about
    hessian[part, own] += data.about.T @ hessian[across, own]
    hessian[part, part] += data.about.T @ hessian[across, across] @ data.about
    return value, gradient[own], hessian[own, own]


def _width(layout: Layout, with_m: bool) -> int:
    """Number of the core's unknowns, with the matrices' logits where they are asked for."""
    return layout.size + (6 * layout.groups if with_m else 0)


def pair_value(x: Floats, matrices: Floats, data: PairData, layout: Layout) -> float:
    """Log likelihood of the pair table alone."""
    (eta1, ell1), (eta2, ell2) = _sides(x, data, layout)
    pairs, at = data.pairs, layout.at
    table = joint_table(eta1, eta2, float(np.exp(x[at["log_g"]])), ell1, ell2, float(x[at["log_psi"]]))
    m1, m2 = matrices[pairs.group_first], matrices[pairs.group_second]
    q = np.maximum(np.swapaxes(m1, 1, 2) @ table @ m2, TINY)
    return float(np.sum(pairs.n * np.log(q)))


def _expand(x: Floats, data: PairData, layout: Layout, with_m: bool) -> tuple[Ints, Ints, Floats]:
    """Core index (R, X), local feature (X,) and chain-rule factor (R, X) of each expanded feature.

    Positions after the core's (and the matrices') stand for the tone that a venue has from its content.
    """
    at, pairs, t = layout.at, data.pairs, layout.weeks
    rows = pairs.week.size
    one = np.ones(rows)
    rho = x[at["rho"] + pairs.week]
    parts: list[tuple[Ints, int, Floats]] = [
        (at["mu"] + pairs.week, 0, one),
        (at["v"] + pairs.week, 0, one),
        (at["m"] + data.kind, 0, one),
        (np.full(rows, at["m_mean"]), 0, one),
        (np.full(rows, at["pull"]), 0, _both_selected(x, data, layout)),
    ]
    half = x[at["pull"]] / 2.0
    for fmt, local in ((pairs.first, 1), (pairs.second, 2)):
        omega = at["omega"] + fmt * t + pairs.week
        gap = x[at["alpha"] + fmt] + x[omega]
        parts += [
            (at["rho"] + pairs.week, local, gap),
            (at["alpha"] + fmt, local, rho),
            (omega, local, rho),
            (at["xi"] + fmt, local, one),
            (at["rho"] + pairs.week, 0, -half * gap),
            (at["alpha"] + fmt, 0, half * (1.0 - rho)),
            (omega, 0, half * (1.0 - rho)),
            (at["xi"] + fmt, 0, -half * one),
            (_width(layout, with_m) + pairs.week * layout.formats + fmt, local, one),
        ]
    for name, local in (("log_g", 3), ("log_c", 4), ("log_c", 5), ("log_psi", 6)):
        parts.append((np.full(rows, at[name]), local, one))
    parts += [(at["lambda"] + pairs.first, 4, one), (at["lambda"] + pairs.second, 5, one)]
    if with_m:
        for offset, group in ((7, pairs.group_first), (13, pairs.group_second)):
            parts += [(layout.size + 6 * group + r, offset + r, one) for r in range(6)]
    index = np.stack([p[0] for p in parts], axis=1).astype(np.int64)
    feature = np.array([p[1] for p in parts], dtype=np.int64)
    factor = np.stack([p[2] for p in parts], axis=1)
    return index, feature, np.asarray(factor, dtype=np.float64)
