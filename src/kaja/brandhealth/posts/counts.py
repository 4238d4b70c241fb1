"""The data of a fit: counts of votes in cells, of author pairs across venues, and of hand labels.

Every covariate is constant inside a cell (week, domain, topic, segment), so three counts per cell are
sufficient
statistics: the cost of a fit follows the non-empty cells, never the posts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from kaja.brandhealth.arrays import Floats, Ints

CLASS_WORDS = {
    **dict.fromkeys(("negative", "neg", "-1", "-1.0"), 0),
    **dict.fromkeys(("neutral", "neu", "0", "0.0"), 1),
    **dict.fromkeys(("positive", "pos", "1", "+1", "1.0"), 2),
}
"""How files write the three classes, in small letters."""


def parse_class(word: str | None) -> int | None:
    """The class that a word of a file means: 0, 1, 2; None for what is no class."""
    return None if word is None else CLASS_WORDS.get(word.strip().lower())


def name_groups(*sizes: tuple[str, int]) -> list[tuple[str, ...]]:
    """Names for so many groups of each kind: "format 1", "format 2" ..."""
    return [tuple(f"{kind} {number + 1}" for number in range(count)) for kind, count in sizes]


class OpinionError(ValueError):
    """The input cannot be used; the message says which row and column, and what would be accepted."""


@dataclass(frozen=True)
class Pairs:
    """Votes of one author in one week in two venue formats, tabulated.

    ``week``, ``first``, ``second`` (format indices, first != second), ``group_first`` and ``group_second``
    (classifier groups)
    have shape (R,); ``n`` has shape (R, 3, 3): class reported in ``first`` by class reported in ``second``.
    """

    week: Ints
    first: Ints
    second: Ints
    group_first: Ints
    group_second: Ints
    n: Floats

    @property
    def total(self) -> float:
        """Number of author-weeks seen in two venues."""
        return float(self.n.sum())


@dataclass(frozen=True)
class Counts:
    """Vote counts in cells, with the names behind the indices.

    ``week``, ``domain``, ``topic``, ``segment``, ``group`` have shape (C,) and index ``weeks``, ``domains``,
    ``topics``, ``segments``,
    ``groups``; ``n`` has shape (C, 3): votes reported negative, neutral, positive. ``domain_format`` (D,)
    nests domains in
    ``formats``. ``group`` is the classifier group (a venue format and, when known, a language) whose
    confusion matrix applies.
    ``labels`` (G, 3, 3) holds hand labels, true class by reported class; None means that the classifier is
    taken at its word.
    ``population`` (S,) holds the customer base's segment shares; None means the segments' shares among the
    votes.
    """

    weeks: tuple[date, ...]
    formats: tuple[str, ...]
    domains: tuple[str, ...]
    domain_format: Ints
    topics: tuple[str, ...]
    segments: tuple[str, ...]
    groups: tuple[str, ...]
    week: Ints
    domain: Ints
    topic: Ints
    segment: Ints
    group: Ints
    n: Floats
    pairs: Pairs | None = None
    labels: Floats | None = None
    population: Floats | None = None
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        cells = self.n.shape[0] if self.n.ndim == 2 else -1
        if self.n.ndim != 2 or self.n.shape[1] != 3:
            raise OpinionError(f"counts n: expected shape (cells, 3), got {self.n.shape}")
        sizes = {
            "week": len(self.weeks),
            "domain": len(self.domains),
            "topic": len(self.topics),
            "segment": len(self.segments),
            "group": len(self.groups),
        }
        for name, size in sizes.items():
            column: Ints = getattr(self, name)
            if column.shape != (cells,):
                raise OpinionError(f"counts {name}: expected shape ({cells},), got {column.shape}")
            bad = np.flatnonzero((column < 0) | (column >= size))
            if bad.size:
                raise OpinionError(f"counts row {bad[0]}, column {name}: index {column[bad[0]]} outside 0..{size - 1}")
        bad = np.flatnonzero(~np.isfinite(self.n).all(axis=1) | (self.n < 0).any(axis=1))
        if bad.size:
            raise OpinionError(f"counts row {bad[0]}, column n: {self.n[bad[0]].tolist()} is not three counts >= 0")
        if cells == 0 or self.n.sum() == 0:
            raise OpinionError("counts: there is not a single vote")
        if self.domain_format.shape != (len(self.domains),):
            raise OpinionError("counts domain_format: one format index per domain is needed")
        self._check_extras()

    def _check_extras(self) -> None:
        if self.labels is not None and self.labels.shape != (len(self.groups), 3, 3):
            raise OpinionError(f"labels: expected shape ({len(self.groups)}, 3, 3), got {self.labels.shape}")
        if self.labels is not None and (not np.isfinite(self.labels).all() or (self.labels < 0).any()):
            raise OpinionError("labels: counts must be finite and >= 0")
        if self.population is not None:
            if self.population.shape != (len(self.segments),):
                raise OpinionError(f"population: one share per segment is needed ({len(self.segments)})")
            if (self.population < 0).any() or abs(float(self.population.sum()) - 1.0) > 1e-6:
                raise OpinionError(
                    f"population: shares must be >= 0 and sum to 1, they sum to {self.population.sum():.6g}"
                )
        for one, two in zip(self.weeks, self.weeks[1:], strict=False):
            if two - one != timedelta(days=7):
                raise OpinionError(f"weeks: {one} is followed by {two}; weeks must be contiguous (empty weeks stay in)")

    @property
    def format(self) -> Ints:
        """Venue format of each cell, shape (C,)."""
        return self.domain_format[self.domain]

    @property
    def votes(self) -> float:
        """Number of votes in all."""
        return float(self.n.sum())

    def segment_shares(self) -> Floats:
        """Customer-base shares by segment, shape (S,); the votes' own shares when no population is given."""
        if self.population is not None:
            return self.population
        share = np.bincount(self.segment, self.n.sum(axis=1), minlength=len(self.segments))
        return np.asarray(share / share.sum(), dtype=np.float64)

    def format_shares(self) -> Floats:
        """Share of each venue format per week, shape (T, F), weighted to the customer base within segments.

        A week without votes takes the shares of the nearest weeks with votes (linear in time).
        """
        size = (len(self.weeks), len(self.segments), len(self.formats))
        flat = np.ravel_multi_index((self.week, self.segment, self.format), size)
        table = np.bincount(flat, self.n.sum(axis=1), minlength=int(np.prod(size))).reshape(size)
        per_segment = table.sum(axis=2, keepdims=True)
        within = np.divide(table, per_segment, out=np.zeros_like(table), where=per_segment > 0)
        weight = np.where(per_segment[:, :, 0] > 0, self.segment_shares()[None, :], 0.0)
        share = np.einsum("ts,tsf->tf", weight, within)
        seen = share.sum(axis=1) > 0
        if not seen.any():  # population gives no share to any segment that speaks: fall back to plain votes
            share = table.sum(axis=1)
            seen = share.sum(axis=1) > 0
        share[seen] /= share[seen].sum(axis=1, keepdims=True)
        index = np.arange(size[0])
        for f in range(size[2]):
            share[:, f] = np.interp(index, index[seen], share[seen, f])
        return np.asarray(share, dtype=np.float64)


def merge_cells(counts: Counts) -> Counts:
    """Add up equal cells and put them in canonical order; the fit's answer does not depend on either."""
    size = (
        len(counts.weeks),
        len(counts.domains),
        len(counts.groups),
        len(counts.topics),
        len(counts.segments),
    )
    key = np.ravel_multi_index((counts.week, counts.domain, counts.group, counts.topic, counts.segment), size)
    used, place = np.unique(key, return_inverse=True)
    n = np.stack([np.bincount(place, counts.n[:, k], minlength=used.size) for k in range(3)], axis=1)
    keep = n.sum(axis=1) > 0
    week, domain, group, topic, segment = (a[keep].astype(np.int64) for a in np.unravel_index(used, size))
    return Counts(
        counts.weeks,
        counts.formats,
        counts.domains,
        counts.domain_format,
        counts.topics,
        counts.segments,
        counts.groups,
        week,
        domain,
        topic,
        segment,
        group,
        n[keep],
        counts.pairs,
        counts.labels,
        counts.population,
        counts.notes,
    )


def week_range(first: date, count: int) -> tuple[date, ...]:
    """``count`` contiguous weeks from the Monday of ``first``."""
    monday = first - timedelta(days=first.weekday())
    return tuple(monday + timedelta(weeks=i) for i in range(count))


def make_pairs(
    week: Sequence[int],
    first: Sequence[int],
    second: Sequence[int],
    n: Floats,
    group_first: Sequence[int] | None = None,
    group_second: Sequence[int] | None = None,
) -> Pairs:
    """Build a pair table; classifier groups default to the format indices (one matrix per format)."""
    return Pairs(
        np.asarray(week, dtype=np.int64),
        np.asarray(first, dtype=np.int64),
        np.asarray(second, dtype=np.int64),
        np.asarray(first if group_first is None else group_first, dtype=np.int64),
        np.asarray(second if group_second is None else group_second, dtype=np.int64),
        np.asarray(n, dtype=np.float64),
    )
