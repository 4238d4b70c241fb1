"""What a fit leaves behind: JSON and Parquet for machines, HTML and PDF for people."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from kaja.brandhealth.arrays import Floats
from kaja.brandhealth.reading.analysis import Opinion
from kaja.brandhealth.report.documents import render_html, render_pdf
from kaja.brandhealth.report.wording import write_headline, write_paragraphs


def weekly_table(opinion: Opinion) -> pa.Table:
    """One row per week: net favourability with its interval, both readings, the baselines, what moved it, the
    survey.
    """
    columns: dict[str, Any] = {
        "week": pa.array(opinion.counts.weeks, pa.date32()),
        "net": opinion.net if opinion.evidence != "none" else np.full(len(opinion.counts.weeks), np.nan),
        "net_low": opinion.net_low,
        "net_high": opinion.net_high,
        "naive": opinion.naive,
        "fixed_mix": opinion.fixed_mix,
        "band_low": opinion.band_low,
        "band_high": opinion.band_high,
    }
    readings = {"expression": opinion.expression, "selection": opinion.selection}
    if opinion.index is not None:
        readings["index"] = opinion.index
    for name, series in readings.items():
        columns |= {name: series.mean, f"{name}_low": series.low, f"{name}_high": series.high}
    columns |= {f"moved_{cause.replace(' ', '_').replace('-', '_')}": part for cause, part in opinion.moved.items()}
    if opinion.survey is not None and opinion.fused is not None:
        columns |= {"survey": opinion.survey.mean, "survey_alone": opinion.fused.alone_mean}
    return pa.table(columns)


def effects_table(opinion: Opinion) -> pa.Table:
    """One row per venue, domain, topic and segment."""
    return pa.table(
        {
            "kind": [e.kind for e in opinion.effects],
            "name": [e.name for e in opinion.effects],
            "mean": [e.mean for e in opinion.effects],
            "sd": [e.sd for e in opinion.effects],
            "votes": [e.votes for e in opinion.effects],
        }
    )


def _plain(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _list(values: Floats) -> list[float | None]:
    return [_plain(v) for v in values]


def to_json(opinion: Opinion) -> dict[str, Any]:
    """Everything as plain JSON values; missing numbers are null, never zero."""
    share, plan = opinion.share, opinion.diagnostics.labels
    table = weekly_table(opinion)
    weekly = {name: table[name].to_pylist() for name in table.column_names}
    weekly["week"] = [str(week) for week in opinion.counts.weeks]
    weekly = {k: v if k == "week" else _list(np.array(v, dtype=np.float64)) for k, v in weekly.items()}
    return {
        "headline": write_headline(opinion),
        "evidence": opinion.evidence,
        "text": list(write_paragraphs(opinion)),
        "weekly": weekly,
        "effects": effects_table(opinion).to_pylist(),
        "expression_share": None if share is None else asdict(share),
        "no_pile_ons_probability": opinion.no_pile_ons,
        "survey_only_probability": None if opinion.fused is None else opinion.fused.weight_survey_only,
        "labels": None if plan is None else asdict(plan),
        "fit": {
            "votes": opinion.diagnostics.votes,
            "cells": opinion.diagnostics.cells,
            "iterations": opinion.diagnostics.iterations,
            "converged": opinion.diagnostics.converged,
            "dispersion": _plain(opinion.diagnostics.dispersion),
            "scales": {k: list(v) for k, v in opinion.diagnostics.scales.items()},
        },
    }


def write_all(opinion: Opinion, out: Path, title: str) -> list[Path]:
    """Write ``opinion.json``, ``weekly.parquet``, ``effects.parquet``, ``report.html`` and ``report.pdf``;
    returns their paths.
    """
    out.mkdir(parents=True, exist_ok=True)
    paths = [out / name for name in ("opinion.json", "weekly.parquet", "effects.parquet", "report.html", "report.pdf")]
    paths[0].write_text(json.dumps(to_json(opinion), indent=1, allow_nan=False) + "\n", encoding="utf-8")
    pq.write_table(weekly_table(opinion), paths[1])
    pq.write_table(effects_table(opinion), paths[2])
    paths[3].write_text(render_html(opinion, title), encoding="utf-8")
    paths[4].write_bytes(render_pdf(opinion, title))
    return paths
