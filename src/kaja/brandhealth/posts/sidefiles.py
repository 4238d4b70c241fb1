"""Small files beside the posts: labels, population, pairs. Every error names file, row and column."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np

from kaja.brandhealth.posts.counting import column_types, reader
from kaja.brandhealth.posts.counts import Counts, OpinionError, make_pairs, parse_class
from kaja.brandhealth.posts.tally import group_name

Row = dict[str, str]


def read_rows(path: Path) -> list[Row]:
    """All rows of a small CSV, JSONL or Parquet file as text, keys in the file's order."""
    with duckdb.connect() as db:
        relation = reader(path)
        names = list(column_types(db, relation, path))
        picked = ", ".join(f'CAST("{name}" AS VARCHAR)' for name in names)
        rows = db.execute(f"SELECT {picked} FROM {relation}").fetchall()  # noqa: S608
    if not rows:
        raise OpinionError(f"{path}: there is not a single row")
    return [{name: (value or "").strip() for name, value in zip(names, row, strict=True)} for row in rows]


def need_columns(rows: list[Row], names: tuple[str, ...], path: Path) -> None:
    """Raise for the first column that is not there."""
    missing = [name for name in names if name not in rows[0]]
    if missing:
        raise OpinionError(f"{path}: no column {missing[0]!r}; there are {', '.join(rows[0])}")


def parse_number(row: Row, name: str, where: str, low: float = 0.0) -> float:
    """A number of at least `low`. Raises OpinionError."""
    try:
        value = float(row[name])
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < low:
        raise OpinionError(f"{where}, column {name}: {row[name]!r} is not a number >= {low:g}")
    return value


def read_labels(path: Path, counts: Counts) -> Counts:
    """Hand labels: columns ``format``, ``true``, ``predicted``, optionally ``language`` and ``count``;
    returns counts that carry them.
    """
    rows = read_rows(path)
    need_columns(rows, ("format", "true", "predicted"), path)
    at = {name: i for i, name in enumerate(counts.groups)}
    table = np.zeros((len(counts.groups), 3, 3))
    for number, row in enumerate(rows, 1):
        where = f"{path} row {number}"
        k = []
        for column in ("true", "predicted"):
            if (place := parse_class(row[column])) is None:
                raise OpinionError(f"{where}, column {column}: {row[column]!r} is not negative, neutral or positive")
            k.append(place)
        name = group_name(row["format"], row.get("language", ""))
        if name not in at:
            raise OpinionError(f"{where}, column format: {name!r} is not among the posts' {', '.join(counts.groups)}")
        table[at[name], k[0], k[1]] += parse_number(row, "count", where) if "count" in row else 1.0
    if table.sum() == 0:
        raise OpinionError(f"{path}: not one label")
    bare = [name for name, i in at.items() if table[i].sum() == 0]
    note = (f"no hand labels for {', '.join(bare)}: the other venues' labels stand in, five per class",) if bare else ()
    return replace(counts, labels=table, notes=counts.notes + note)


def read_pairs(path: Path, counts: Counts) -> Counts:
    """Author pairs beside a file of counts: ``time``, ``first_format``, ``second_format``, ``first_class``,
    ``second_class``, ``authors``.

    Languages, where the counts have them, stand in ``first_language`` and ``second_language``.
    """
    rows = read_rows(path)
    need_columns(rows, ("time", "first_format", "second_format", "first_class", "second_class", "authors"), path)
    week_at = {week: i for i, week in enumerate(counts.weeks)}
    fmt_at = {name: i for i, name in enumerate(counts.formats)}
    group_at = {name: i for i, name in enumerate(counts.groups)}
    keys: dict[tuple[int, int, int, int, int], int] = {}
    tables: list[np.ndarray[tuple[int, ...], np.dtype[np.float64]]] = []
    for number, row in enumerate(rows, 1):
        where = f"{path} row {number}"
        week = week_of(row, where)
        if week not in week_at:
            raise OpinionError(f"{where}, column time: the week of {week} has no posts at all")
        side = []
        for name in ("first", "second"):
            fmt, group = (
                row[f"{name}_format"],
                group_name(row[f"{name}_format"], row.get(f"{name}_language", "")),
            )
            if fmt not in fmt_at or group not in group_at:
                raise OpinionError(
                    f"{where}, column {name}_format: {group!r} is not among the posts' {', '.join(counts.groups)}"
                )
            if (place := parse_class(row[f"{name}_class"])) is None:
                raise OpinionError(f"{where}, column {name}_class: {row[f'{name}_class']!r} is not a class")
            side.append((fmt_at[fmt], group_at[group], place))
        if side[0][0] == side[1][0]:
            raise OpinionError(f"{where}, column second_format: a pair needs two different venue formats")
        one, two = sorted(side)
        place = keys.setdefault((week_at[week], one[0], two[0], one[1], two[1]), len(tables))
        if place == len(tables):
            tables.append(np.zeros((3, 3)))
        tables[place][one[2], two[2]] += parse_number(row, "authors", where)
    columns = [[key[i] for key in keys] for i in range(5)]
    return replace(
        counts, pairs=make_pairs(columns[0], columns[1], columns[2], np.stack(tables), columns[3], columns[4])
    )


def read_population(path: Path, counts: Counts) -> Counts:
    """Customer-base shares: columns ``segment`` and ``share`` (any positive scale); returns counts that carry
    them.
    """
    rows = read_rows(path)
    need_columns(rows, ("segment", "share"), path)
    at = {name: i for i, name in enumerate(counts.segments)}
    share = np.zeros(len(at))
    for number, row in enumerate(rows, 1):
        where = f"{path} row {number}"
        if row["segment"] not in at:
            raise OpinionError(
                f"{where}, column segment: {row['segment']!r} has no votes; the posts have {', '.join(at)}"
            )
        if share[at[row["segment"]]] > 0:
            raise OpinionError(f"{where}, column segment: {row['segment']!r} stands there twice")
        share[at[row["segment"]]] = parse_number(row, "share", where)
    missing = [name for name, i in at.items() if share[i] == 0]
    if share.sum() <= 0:
        raise OpinionError(f"{path}, column share: the shares sum to 0")
    note = (f"the population gives no share to {', '.join(missing)}",) if missing else ()
    return replace(counts, population=share / share.sum(), notes=counts.notes + note)


def week_of(row: Row, where: str) -> date:
    """The Monday of a row's week. Raises OpinionError."""
    try:
        day = date.fromisoformat(row["time"][:10])
    except ValueError:
        raise OpinionError(f"{where}, column time: {row['time']!r} is not a date such as 2024-05-31") from None
    return day - timedelta(days=day.weekday())
