"""Simulated worlds as files, in the formats that ``kaja opinion fit`` reads."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from kaja.brandhealth.arrays import Floats
from kaja.brandhealth.model.ordinal import CLASSES
from kaja.brandhealth.worlds.people import Lived


def draw_survey_answers(truth: Floats, per_week: int, seed: int) -> Floats:
    """Answers of a small tracker (T, 3) whose net share is ``truth`` (T,), with 30 % neutral where that is
    possible.
    """
    rng = np.random.default_rng([seed, 16])
    neutral = np.minimum(0.3, 1.0 - np.abs(truth))
    positive = (1.0 - neutral + truth) / 2.0
    p = np.stack([1.0 - neutral - positive, neutral, positive], axis=1).clip(0.0, 1.0)
    return np.asarray(rng.multinomial(per_week, p / p.sum(axis=1, keepdims=True)), dtype=np.float64)


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def write_world(world: Lived, out: Path, answers: Floats | None) -> list[Path]:
    """Write counts, pairs, labels, population, survey and the truth; returns the paths."""
    out.mkdir(parents=True, exist_ok=True)
    c = world.counts
    paths = [
        _write(
            out / "counts.csv",
            ("time", "format", "domain", "topic", "segment", *CLASSES),
            (
                (c.weeks[w], c.formats[f], c.domains[d], c.topics[a], c.segments[s], *(int(v) for v in n))
                for w, f, d, a, s, n in zip(c.week, c.format, c.domain, c.topic, c.segment, c.n, strict=True)
            ),
        )
    ]
    if c.pairs is not None:
        rows = [
            (c.weeks[w], c.formats[i], c.formats[j], CLASSES[a], CLASSES[b], int(n[a, b]))
            for w, i, j, n in zip(c.pairs.week, c.pairs.first, c.pairs.second, c.pairs.n, strict=True)
            for a in range(3)
            for b in range(3)
            if n[a, b]
        ]
        header = ("time", "first_format", "second_format", "first_class", "second_class", "authors")
        paths.append(_write(out / "pairs.csv", header, rows))
    if c.labels is not None:
        label_rows = [
            (c.groups[g], CLASSES[j], CLASSES[k], int(c.labels[g, j, k]))
            for g in range(len(c.groups))
            for j in range(3)
            for k in range(3)
            if c.labels[g, j, k]
        ]
        paths.append(_write(out / "labels.csv", ("format", "true", "predicted", "count"), label_rows))
    shares = zip(c.segments, c.segment_shares(), strict=True)
    paths.append(_write(out / "population.csv", ("segment", "share"), ((s, f"{v:.6f}") for s, v in shares)))
    if answers is not None:
        rows_of = ((week, *(int(v) for v in n)) for week, n in zip(c.weeks, answers, strict=True))
        paths.append(_write(out / "survey.csv", ("time", *CLASSES), rows_of))
    truth = zip(c.weeks, world.truth, world.naive, world.share, strict=True)
    paths.append(
        _write(
            out / "truth.csv",
            ("time", "truth", "naive", "expression_share"),
            ((w, f"{t:.6f}", f"{n:.6f}", f"{s:.3f}") for w, t, n, s in truth),
        )
    )
    return paths
