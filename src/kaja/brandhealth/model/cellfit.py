"""The multinomial likelihood of the cells: value, gradient and Fisher information, block by block.

A block is one domain in one week (and one classifier group). Inside a block the design is tiny: one location,
one log
scale, the topics, the segments, log g and the six logits of the confusion matrix. So the information is first
summed per
block over a few dozen features, the block's own shocks (e, h) are eliminated there, and only then is it
scattered into the
core matrix. Cost: O(cells) + O(blocks x features^2), never O(posts).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kaja.brandhealth.arrays import Floats, Ints
from kaja.brandhealth.model.layout import Layout
from kaja.brandhealth.model.ordinal import TINY, class_derivatives, matrix_tangent
from kaja.brandhealth.posts.counts import Counts

# Upper bound of the temporary block-information array, in float64 entries (64 MB).
_CHUNK_ENTRIES = 8_000_000


@dataclass(frozen=True)
class Blocks:
    """Cells grouped into domain-weeks. ``starts`` (B + 1,) delimits each block's cells; the rest has shape
    (B,) or (C,).
    """

    week: Ints
    format: Ints
    domain: Ints
    group: Ints
    starts: Ints
    cell_block: Ints
    topic: Ints
    segment: Ints
    n: Floats

    @property
    def size(self) -> int:
        """Number of blocks."""
        return int(self.week.size)


def make_blocks(counts: Counts) -> Blocks:
    """Group canonical cells (see :func:`~kaja.brandhealth.posts.counts.merge_cells`) into blocks."""
    key = (counts.week * len(counts.domains) + counts.domain) * len(counts.groups) + counts.group
    _, first, cell_block = np.unique(key, return_index=True, return_inverse=True)
    starts = np.append(first, key.size).astype(np.int64)
    week, domain, group = counts.week[first], counts.domain[first], counts.group[first]
    return Blocks(
        week,
        counts.domain_format[domain],
        domain,
        group,
        starts,
        cell_block.astype(np.int64),
        counts.topic,
        counts.segment,
        counts.n,
    )


@dataclass(frozen=True)
class Information:
    """What one pass over the cells gives at one point.

    ``value`` log likelihood; ``gradient`` (P,) and ``hessian`` (P, P) of the core with block shocks
    eliminated; per block:
    ``inverse`` (B, 2, 2) posterior covariance of (e, h) given the core, ``shift`` (B, 2) their own step,
    ``couple`` (B, 2, X)
    regression on the expanded core index ``index`` (B, X).
    """

    value: float
    gradient: Floats
    hessian: Floats
    inverse: Floats
    shift: Floats
    couple: Floats
    index: Ints


def core_index(blocks: Blocks, layout: Layout, with_m: bool) -> tuple[Ints, Ints]:
    """Core positions of each block's expanded features, shape (B, X), and the map from X to block features,
    shape (X,).
    """
    b, t = blocks.size, layout.weeks
    a, s = layout.topics, layout.segments
    columns: list[Ints] = [
        layout.at["mu"] + blocks.week,
        layout.at["v"] + blocks.week,
        layout.at["alpha"] + blocks.format,
        layout.at["omega"] + blocks.format * t + blocks.week,
        layout.at["delta"] + blocks.domain,
    ]
    feature = [0] * 5
    for k in range(a):
        columns.append(np.full(b, layout.at["beta"] + k))
        feature.append(1 + k)
    for k in range(s):
        columns += [np.full(b, layout.at["sigma"] + k), layout.at["nu"] + k * t + blocks.week]
        feature += [1 + a + k] * 2
    columns += [layout.at["lambda"] + blocks.format, np.full(b, layout.at["log_g"])]
    feature += [1 + a + s, 2 + a + s]
    if with_m:
        for r in range(6):
            columns.append(layout.size + 6 * blocks.group + r)
            feature.append(3 + a + s + r)
    return np.stack(columns, axis=1).astype(np.int64), np.asarray(feature, dtype=np.int64)


def core_width(layout: Layout) -> int:
    """Number of expanded core features of a block (the columns of ``core_index`` before the matrices'
    logits).
    """
    return 5 + layout.topics + 2 * layout.segments + 2


def cell_location(x: Floats, e: Floats, blocks: Blocks, layout: Layout) -> Floats:
    """Latent opinion eta of each cell, shape (C,)."""
    at, t = layout.at, layout.weeks
    base = (
        x[at["mu"] + blocks.week]
        + x[at["v"] + blocks.week]
        + x[at["alpha"] + blocks.format]
        + x[at["omega"] + blocks.format * t + blocks.week]
        + x[at["delta"] + blocks.domain]
        + e
    )
    week = blocks.week[blocks.cell_block]
    return np.asarray(
        base[blocks.cell_block]
        + x[at["beta"] + blocks.topic]
        + x[at["sigma"] + blocks.segment]
        + x[at["nu"] + blocks.segment * t + week]
    )


def cell_information(
    x: Floats,
    shocks: Floats,
    matrices: Floats,
    shock_precision: Floats,
    blocks: Blocks,
    layout: Layout,
    with_m: bool = False,
    observed: bool = False,
) -> Information:
    """One pass: ``x`` (P,), ``shocks`` (B, 2) = (e, h), ``matrices`` (G, 3, 3), ``shock_precision`` (B, 2).

    ``with_m`` appends six columns per classifier group (the matrices' logits) after the core's P in gradient
    and hessian. ``observed`` takes the observed information instead of Fisher's: they differ where a domain-week lies
    at the edge of what its matrix allows, and there only the observed one is the curvature.
    """
    index, feature = core_index(blocks, layout, with_m)
    a, s = layout.topics, layout.segments
    features = 3 + a + s + (6 if with_m else 0)
    step = max(1, _CHUNK_ENTRIES // max(features**2, index.shape[1] ** 2))
    size = layout.size + (6 * layout.groups if with_m else 0)
    gradient, hessian, value = np.zeros(size), np.zeros(size * size), 0.0
    inverse = np.empty((blocks.size, 2, 2))
    shift, couple = np.empty((blocks.size, 2)), np.empty((blocks.size, 2, index.shape[1]))
    tangent = matrix_tangent(matrices) if with_m else None
    eta_all = cell_location(x, shocks[:, 0], blocks, layout)
    ell_block = x[layout.at["lambda"] + blocks.format]
    g_block = np.exp(x[layout.at["log_g"]] + shocks[:, 1])
    for low in range(0, blocks.size, step):
        high = min(low + step, blocks.size)
        cells = slice(int(blocks.starts[low]), int(blocks.starts[high]))
        part, score, gram = _block_gram(
            eta_all[cells], ell_block, g_block, matrices, tangent, blocks, cells, low, high, layout, features, observed
        )
        value += part
        eh = np.array([0, 2 + a + s])
        score_eh = score[:, eh] - shock_precision[low:high] * shocks[low:high]
        local = gram[:, eh[:, None], eh[None, :]].copy()
        local[:, 0, 0] += shock_precision[low:high, 0]
        local[:, 1, 1] += shock_precision[low:high, 1]
        inv = _inverse2(local)
        regression = inv @ gram[:, eh, :]
        reduced = gram - np.swapaxes(gram[:, eh, :], 1, 2) @ regression
        own = np.einsum("bij,bj->bi", inv, score_eh)
        reduced_score = score - np.einsum("bik,bi->bk", gram[:, eh, :], own)
        inverse[low:high], shift[low:high], couple[low:high] = inv, own, regression[:, :, feature]
        at = index[low:high]
        gradient += np.bincount(at.ravel(), reduced_score[:, feature].ravel(), minlength=size)
        pair = (at[:, :, None] * size + at[:, None, :]).ravel()
        hessian += np.bincount(pair, reduced[:, feature][:, :, feature].ravel(), minlength=size * size)
    return Information(value, gradient, hessian.reshape(size, size), inverse, shift, couple, index)


def _bend(eta: Floats, g: Floats, ell: Floats, p: Floats, pull: Floats) -> Floats:
    """What the curvature of the class probabilities by (eta, ell, log g) adds to the log likelihood's, (C, 3, 3).

    ``pull`` (C, 3) is the derivative of the log likelihood by each true class's probability.
    """
    inv = np.exp(-ell)
    out = np.zeros((eta.size, 3, 3))
    for tail, z, by_eta, weight in (
        (p[:, 0], (-g - eta) * inv, -inv, pull[:, 0] - pull[:, 1]),
        (p[:, 2], (eta - g) * inv, inv, pull[:, 2] - pull[:, 1]),
    ):
        first = weight * tail * (1.0 - tail)
        second = first * (1.0 - 2.0 * tail)
        slope = np.stack([by_eta, -z, -g * inv], axis=1)
        out += second[:, None, None] * slope[:, :, None] * slope[:, None, :]
        out[:, 0, 1] -= first * by_eta
        out[:, 1, 0] -= first * by_eta
        out[:, 1, 1] += first * z
        out[:, 1, 2] += first * g * inv
        out[:, 2, 1] += first * g * inv
        out[:, 2, 2] -= first * g * inv
    return out


def _inverse2(m: Floats) -> Floats:
    """Inverse of symmetric 2x2 matrices, lifted along the diagonal where they are not positive."""
    middle, spread = (m[:, 0, 0] + m[:, 1, 1]) / 2.0, np.hypot((m[:, 0, 0] - m[:, 1, 1]) / 2.0, m[:, 0, 1])
    lowest = middle - spread
    lift = np.where(lowest > 1e-9 * spread, 0.0, np.abs(lowest) - lowest + 1e-3 * spread + 1e-9)
    m = m.copy()
    m[:, 0, 0] += lift
    m[:, 1, 1] += lift
    det = m[:, 0, 0] * m[:, 1, 1] - m[:, 0, 1] * m[:, 1, 0]
    out = np.empty_like(m)
    out[:, 0, 0], out[:, 1, 1] = m[:, 1, 1] / det, m[:, 0, 0] / det
    out[:, 0, 1], out[:, 1, 0] = -m[:, 0, 1] / det, -m[:, 1, 0] / det
    return out


def _block_gram(
    eta: Floats,
    ell_block: Floats,
    g_block: Floats,
    matrices: Floats,
    tangent: Floats | None,
    blocks: Blocks,
    cells: slice,
    low: int,
    high: int,
    layout: Layout,
    features: int,
    observed: bool,
) -> tuple[float, Floats, Floats]:
    """Log likelihood, score (b, K) and information (b, K, K) of blocks ``low..high`` over their features."""
    a, s, count = layout.topics, layout.segments, high - low
    block = blocks.cell_block[cells]
    topic, segment, n = blocks.topic[cells], blocks.segment[cells], blocks.n[cells]
    group = blocks.group[block]
    p, dp = class_derivatives(eta, g_block[block], ell_block[block])
    m = matrices[group]
    q = np.maximum(np.einsum("cj,cjk->ck", p, m), TINY)
    d = dp @ m
    if tangent is not None:
        d = np.concatenate([d, np.einsum("cj,crjk->crk", p, tangent[group])], axis=1)
    value = float(np.sum(n * np.log(q)))
    total = n.sum(axis=1)
    ratio = n / q
    score_cell = np.einsum("cik,ck->ci", d, ratio)
    root = d * (np.sqrt(n) / q if observed else np.sqrt(total[:, None] / q))[:, None, :]
    w = root @ np.swapaxes(root, 1, 2)
    if observed:
        w[:, :3, :3] -= _bend(eta, g_block[block], ell_block[block], p, (m @ ratio[:, :, None])[:, :, 0])
        if tangent is not None:
            cross = dp @ np.swapaxes((tangent[group] @ ratio[:, None, :, None])[..., 0], 1, 2)
            w[:, :3, 3:] -= cross
            w[:, 3:, :3] -= np.swapaxes(cross, 1, 2)
    starts = (blocks.starts[low:high] - cells.start).astype(np.int64)
    local = block - low
    scalars = np.concatenate([[0], np.arange(1 + a + s, features)])
    score, gram = np.zeros((count, features)), np.zeros((count, features, features))
    score[:, scalars] = np.add.reduceat(score_cell, starts, axis=0)
    gram[:, scalars[:, None], scalars[None, :]] = np.add.reduceat(w, starts, axis=0)
    for kind, width, offset in ((topic, a, 1), (segment, s, 1 + a)):
        key = local * width + kind
        score[:, offset : offset + width] = np.bincount(key, score_cell[:, 0], minlength=count * width).reshape(
            count, width
        )
        for i, target in enumerate(scalars):
            table = np.bincount(key, w[:, 0, i], minlength=count * width).reshape(count, width)
            gram[:, offset : offset + width, target] = table
            gram[:, target, offset : offset + width] = table
            if i == 0:
                diagonal = np.arange(offset, offset + width)
                gram[:, diagonal, diagonal] = table
    key = (local * a + topic) * s + segment
    cross = np.bincount(key, w[:, 0, 0], minlength=count * a * s).reshape(count, a, s)
    gram[:, 1 : 1 + a, 1 + a : 1 + a + s] = cross
    gram[:, 1 + a : 1 + a + s, 1 : 1 + a] = np.swapaxes(cross, 1, 2)
    return value, score, gram
