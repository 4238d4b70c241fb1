"""The two measures that dashboards show: the naive mean, and the mean at a fixed mix of venues and topics."""

from __future__ import annotations

import numpy as np

from kaja.brandhealth.arrays import Floats
from kaja.brandhealth.posts.counts import Counts


def naive_net(counts: Counts) -> Floats:
    """Net share (positive - negative) of all votes per week, -1..1, shape (T,); nan without votes."""
    by_week = np.stack(
        [np.bincount(counts.week, counts.n[:, k], minlength=len(counts.weeks)) for k in range(3)], axis=1
    )
    total = by_week.sum(axis=1)
    out = np.full(total.shape, np.nan)
    np.divide(by_week[:, 2] - by_week[:, 0], total, out=out, where=total > 0)
    return out


def fixed_mix_net(counts: Counts) -> Floats:
    """Net share per week at the whole period's mix of venue formats and topics, shape (T,).

    A format-topic pair without votes in a week leaves the average of that week, the other weights grow in
    proportion.
    """
    size = (len(counts.weeks), len(counts.formats), len(counts.topics))
    key = np.ravel_multi_index((counts.week, counts.format, counts.topic), size)
    table = [np.bincount(key, counts.n[:, k], minlength=int(np.prod(size))).reshape(size) for k in range(3)]
    total = table[0] + table[1] + table[2]
    net = np.divide(table[2] - table[0], total, out=np.zeros(size), where=total > 0)
    weight = np.where(total > 0, total.sum(axis=0), 0.0)
    bottom = weight.sum(axis=(1, 2))
    out = np.full(size[0], np.nan)
    np.divide((weight * net).sum(axis=(1, 2)), bottom, out=out, where=bottom > 0)
    return out
