"""A survey as a small file beside the posts. Every error names file, row and column."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kaja.brandhealth.posts.counts import Counts, OpinionError
from kaja.brandhealth.posts.sidefiles import need_columns, parse_number, read_rows, week_of
from kaja.brandhealth.reading.survey import Survey, survey_from_answers


def read_survey(path: Path, counts: Counts) -> Survey:
    """A tracker by date: ``time`` with answers ``negative``, ``neutral``, ``positive``, or with ``mean``
    (-1..1) and ``se``.
    """
    rows = read_rows(path)
    need_columns(rows, ("time",), path)
    place = {week: i for i, week in enumerate(counts.weeks)}
    size = len(counts.weeks)
    if all(name in rows[0] for name in ("negative", "neutral", "positive")):
        n = np.zeros((size, 3))
        for number, row in enumerate(rows, 1):
            where = f"{path} row {number}"
            week = week_of(row, where)
            values = [parse_number(row, name, where) for name in ("negative", "neutral", "positive")]
            if week in place:
                n[place[week]] += values
        if n.sum() == 0:
            raise OpinionError(f"{path}: no answer falls into the posts' weeks {counts.weeks[0]} to {counts.weeks[-1]}")
        return survey_from_answers(n)
    need_columns(rows, ("mean", "se"), path)
    top, bottom = np.zeros(size), np.zeros(size)
    for number, row in enumerate(rows, 1):
        where = f"{path} row {number}"
        week, mean, se = (
            week_of(row, where),
            parse_number(row, "mean", where, low=-1.0),
            parse_number(row, "se", where),
        )
        if mean > 1:
            raise OpinionError(f"{where}, column mean: {mean:g} is above 1; give net favourability between -1 and 1")
        if se == 0:
            raise OpinionError(f"{where}, column se: a standard error of 0 would overrule everything")
        if week in place:
            top[place[week]] += mean / se**2
            bottom[place[week]] += 1 / se**2
    if not bottom.any():
        raise OpinionError(f"{path}: no wave falls into the posts' weeks {counts.weeks[0]} to {counts.weeks[-1]}")
    value, variance = np.full(size, np.nan), np.full(size, np.nan)
    np.divide(top, bottom, out=value, where=bottom > 0)
    np.divide(1.0, bottom, out=variance, where=bottom > 0)
    return Survey(value, variance)
