"""The best shocks of every domain-week given the core: many problems of two unknowns, solved side by side.

Newton with the observed information and a step control of its own in every block. The core is then fitted along the
ridge of the best shocks. Stepping both together crept: where a domain-week lies at the edge of what its confusion
matrix allows, its best shock is a curved function of the core, and one straight step had to be cut for all to suit
the worst block.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from kaja.brandhealth.arrays import Floats, Ints
from kaja.brandhealth.model.cellfit import Blocks, cell_location
from kaja.brandhealth.model.layout import Layout
from kaja.brandhealth.model.ordinal import TINY, expit

_PASSES: Final = 25
# A block whose next step would gain less than this (log likelihood) is settled.
_GAIN: Final = 1e-6
# No shock moves further than this in one step.
_LONGEST: Final = 1.0


@dataclass(frozen=True)
class _Cells:
    """The cells of the blocks at work; ``place`` counts these blocks from 0.

    ``neutral`` (C, 3) is what the classifier makes of a neutral vote, ``lower`` and ``upper`` what it makes of a
    negative or positive vote instead.
    """

    place: Ints
    starts: Ints
    rest: Floats
    scale: Floats
    neutral: Floats
    lower: Floats
    upper: Floats
    n: Floats


def settle_shocks(
    x: Floats, shocks: Floats, matrices: Floats, precision: Floats, blocks: Blocks, layout: Layout
) -> tuple[Floats, float]:
    """The best shocks (B, 2) given the core ``x``, sought from ``shocks``; also their log likelihood and prior."""
    rest = cell_location(x, np.zeros(blocks.size), blocks, layout)
    scale = np.exp(-x[layout.at["lambda"] + blocks.format])
    log_g = float(x[layout.at["log_g"]])
    best, value = shocks.copy(), np.full(blocks.size, -np.inf)
    step, trial = np.zeros_like(shocks), shocks.copy()
    active = np.arange(blocks.size)
    cells = _cells(active, rest, scale, matrices, blocks)
    for _ in range(_PASSES):
        here, score, info = _derivatives(trial[active], log_g, cells, active.size)
        here -= 0.5 * np.sum(precision[active] * trial[active] ** 2, axis=1)
        better = here >= value[active]
        won, lost = active[better], active[~better]
        best[won], value[won] = trial[won], here[better]
        score, info = score[better], info[better]
        score -= precision[won] * trial[won]
        info[:, 0, 0] += precision[won, 0]
        info[:, 1, 1] += precision[won, 1]
        newton, gain = _newton(score, info)
        step[won] = newton
        step[lost] /= 4.0
        trial = best + step
        moving = np.zeros(blocks.size, dtype=bool)
        moving[won] = gain > _GAIN
        moving[lost] = np.abs(step[lost]).max(axis=1, initial=0.0) > 1e-7
        active = np.flatnonzero(moving)
        if not active.size:
            break
        cells = _cells(active, rest, scale, matrices, blocks)
    return best, float(value.sum())


def _cells(active: Ints, rest: Floats, scale: Floats, matrices: Floats, blocks: Blocks) -> _Cells:
    if active.size == blocks.size:
        rows, place, starts = np.arange(blocks.cell_block.size), blocks.cell_block, blocks.starts[:-1]
    else:
        mark = np.full(blocks.size, -1, dtype=np.int64)
        mark[active] = np.arange(active.size)
        own = mark[blocks.cell_block]
        rows = np.flatnonzero(own >= 0)
        place = own[rows]
        starts = np.searchsorted(place, np.arange(active.size)).astype(np.int64)
    block = blocks.cell_block[rows]
    group = blocks.group[block]
    lower, upper = matrices[:, 0] - matrices[:, 1], matrices[:, 2] - matrices[:, 1]
    return _Cells(
        place, starts, rest[rows], scale[block], matrices[group, 1], lower[group], upper[group], blocks.n[rows]
    )


def _derivatives(shocks: Floats, log_g: float, cells: _Cells, count: int) -> tuple[Floats, Floats, Floats]:
    """Log likelihood (b,), score (b, 2) and observed information (b, 2, 2) of blocks by their shocks (e, h)."""
    g = np.exp(log_g + shocks[:, 1])[cells.place]
    eta = cells.rest + shocks[:, 0][cells.place]
    negative, positive = expit((-g - eta) * cells.scale), expit((eta - g) * cells.scale)

    def told(low: Floats, high: Floats) -> Floats:
        """What the classifier makes of changes of the two outer classes; the middle takes the rest."""
        return np.asarray(low[:, None] * cells.lower + high[:, None] * cells.upper)

    q = np.maximum(cells.neutral + told(negative, positive), TINY)
    low, high = negative * (1.0 - negative) * cells.scale, positive * (1.0 - positive) * cells.scale
    low2, high2 = low * (1.0 - 2.0 * negative) * cells.scale, high * (1.0 - 2.0 * positive) * cells.scale
    by_e, by_h = told(-low, high), told(-g * low, -g * high)
    ratio = cells.n / q
    curve = ratio / q
    value = np.sum(cells.n * np.log(q), axis=1)
    columns = np.stack(
        [
            value,
            np.sum(ratio * by_e, axis=1),
            np.sum(ratio * by_h, axis=1),
            np.sum(curve * by_e**2 - ratio * told(low2, high2), axis=1),
            np.sum(curve * by_e * by_h - ratio * told(g * low2, -g * high2), axis=1),
            np.sum(curve * by_h**2 - ratio * told(-g * low + g**2 * low2, -g * high + g**2 * high2), axis=1),
        ],
        axis=1,
    )
    sums = np.add.reduceat(columns, cells.starts, axis=0)
    info = np.empty((count, 2, 2))
    info[:, 0, 0], info[:, 1, 1] = sums[:, 3], sums[:, 5]
    info[:, 0, 1] = info[:, 1, 0] = sums[:, 4]
    return sums[:, 0], sums[:, 1:3], info


def _newton(score: Floats, info: Floats) -> tuple[Floats, Floats]:
    """Step (b, 2) and expected gain (b,); where the information is not positive, along its nearest positive matrix."""
    mean = (info[:, 0, 0] + info[:, 1, 1]) / 2.0
    spread = np.sqrt(((info[:, 0, 0] - info[:, 1, 1]) / 2.0) ** 2 + info[:, 0, 1] ** 2)
    # add to the diagonal so that the smaller eigenvalue becomes its own size, or a little
    lowest = mean - spread
    lift = np.where(lowest > 1e-3 * spread, 0.0, np.abs(lowest) - lowest + 1e-3 * spread + 1e-9)
    a, b, c = info[:, 0, 0] + lift, info[:, 0, 1], info[:, 1, 1] + lift
    det = a * c - b * b
    step = np.stack([c * score[:, 0] - b * score[:, 1], a * score[:, 1] - b * score[:, 0]], axis=1) / det[:, None]
    gain = 0.5 * np.sum(step * score, axis=1)
    longest = np.abs(step).max(axis=1, initial=0.0)
    return step * np.minimum(1.0, _LONGEST / np.maximum(longest, 1e-300))[:, None], gain
