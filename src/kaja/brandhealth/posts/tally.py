"""From rows of names and numbers to the index arrays of :class:`~kaja.brandhealth.posts.counts.Counts`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from kaja.brandhealth.posts.counts import Counts, OpinionError, make_pairs

# week, format, domain, topic, segment, language, negative, neutral, positive
CellRow = tuple[date, str, str, str, str, str, float, float, float]
# week, first format, second format, first language, second language, first class, second class, authors
PairRow = tuple[date, str, str, str, str, int, int, float]

# Longer than this, a weekly fit is a typing error in a date rather than a brand's history.
_MOST_WEEKS = 1040


@dataclass(frozen=True)
class CountTable:
    """Counted cells and author pairs, as rows."""

    cells: list[CellRow]
    pairs: list[PairRow]


def group_name(fmt: str, language: str) -> str:
    """The classifier group of a format and a language ('' when unknown)."""
    return f"{fmt} [{language}]" if language else fmt


def domain_name(fmt: str, domain: str) -> str:
    """A domain's unique name: the same site under two formats is two venues."""
    return fmt if domain == fmt else f"{fmt}/{domain}"


def build_counts(table: CountTable) -> Counts:
    """Index the rows; weeks become contiguous, empty ones included."""
    # the engine gives no order, and the answer must not depend on one
    cells = sorted(row for row in table.cells if row[6] + row[7] + row[8] > 0)
    if not cells:
        raise OpinionError("there is not a single vote")
    first, last = min(row[0] for row in cells), max(row[0] for row in cells)
    count = (last - first).days // 7 + 1
    if count > _MOST_WEEKS:
        raise OpinionError(f"the posts span {count} weeks, from {first} to {last}: one of these dates looks wrong")
    weeks = tuple(first + timedelta(weeks=i) for i in range(count))
    formats = tuple(sorted({row[1] for row in cells}))
    domains = tuple(sorted({domain_name(row[1], row[2]) for row in cells}))
    topics = tuple(sorted({row[3] for row in cells}))
    segments = tuple(sorted({row[4] for row in cells}))
    groups = tuple(sorted({group_name(row[1], row[5]) for row in cells}))
    at = [{name: i for i, name in enumerate(names)} for names in (formats, domains, topics, segments, groups)]
    domain_format = np.zeros(len(domains), dtype=np.int64)
    for row in cells:
        domain_format[at[1][domain_name(row[1], row[2])]] = at[0][row[1]]
    index = np.array(
        [
            (
                (row[0] - first).days // 7,
                at[1][domain_name(row[1], row[2])],
                at[2][row[3]],
                at[3][row[4]],
                at[4][group_name(row[1], row[5])],
            )
            for row in cells
        ],
        dtype=np.int64,
    )
    n = np.array([row[6:9] for row in cells], dtype=np.float64)
    rows = sorted(table.pairs)
    pair_index: dict[tuple[int, int, int, int, int], int] = {}
    tables: list[np.ndarray[tuple[int, int], np.dtype[np.float64]]] = []
    for week, one, two, lang_one, lang_two, k_one, k_two, authors in rows:
        key = (
            (week - first).days // 7,
            at[0][one],
            at[0][two],
            at[4][group_name(one, lang_one)],
            at[4][group_name(two, lang_two)],
        )
        if key not in pair_index:
            pair_index[key] = len(tables)
            tables.append(np.zeros((3, 3)))
        tables[pair_index[key]][k_one, k_two] += authors
    pairs = None
    if tables:
        keys = np.array(list(pair_index), dtype=np.int64)
        columns = [keys[:, i].tolist() for i in range(5)]
        pairs = make_pairs(columns[0], columns[1], columns[2], np.stack(tables), columns[3], columns[4])
    return Counts(
        weeks,
        formats,
        domains,
        domain_format,
        topics,
        segments,
        groups,
        index[:, 0],
        index[:, 1],
        index[:, 2],
        index[:, 3],
        index[:, 4],
        n,
        pairs,
    )
