"""Charts as Vega-Lite specifications, each with the table that says the same."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from kaja.brandhealth.reading.analysis import CAUSES, Opinion
from kaja.brandhealth.reading.index import to_net

# Okabe-Ito: distinguishable with colour vision deficiency and in print.
BLUE: Final = "#0072B2"
ORANGE: Final = "#E69F00"
COLOURS: Final = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#999999")
_CONFIG: Final[dict[str, Any]] = {
    "font": "sans-serif",
    "axis": {"grid": True, "gridOpacity": 0.35, "labelFontSize": 11, "titleFontSize": 12},
    "header": {"labelFontSize": 12, "labelFontWeight": "bold", "labelAngle": 0, "labelAlign": "left"},
    "legend": {"orient": "top", "labelFontSize": 12, "symbolStrokeWidth": 3},
    "view": {"stroke": None},
    "background": "white",
}
_MOST_DOMAINS: Final = 20
_KINDS: Final = ("venue", "topic", "segment", "domain")


@dataclass(frozen=True)
class Chart:
    """A Vega-Lite ``spec`` (data inside) with a ``title``, a one-line ``caption`` and its table."""

    name: str
    title: str
    caption: str
    spec: dict[str, Any]
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def _spec(values: list[dict[str, Any]], height: int, **rest: Any) -> dict[str, Any]:
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": 760,
        "height": height,
        "config": _CONFIG,
        "data": {"values": values},
        **rest,
    }


def number(value: float, digits: int = 3) -> str:
    """A number for a table; an en dash where there is none."""
    return f"{value:.{digits}f}" if math.isfinite(value) else "–"


def _worth(opinion: Opinion) -> str:
    """What a tenth of a logit is worth here."""
    low, high = to_net(opinion.posterior, np.array([-0.05, 0.05]))
    return f"A tenth of a logit is {high - low:.3f} of net favourability here."


def index_chart(opinion: Opinion) -> Chart:
    """The measure with its 90 % interval or band, beside the two baselines, in net favourability."""
    headline = {"none": "middle of the two readings", "authors": "measure", "survey": "survey and posts"}.get(
        opinion.evidence, "survey, posts and authors"
    )
    single = opinion.evidence != "none"
    values: list[dict[str, Any]] = []
    rows = []
    for t, week in enumerate(opinion.counts.weeks):
        low, high = float(opinion.net_low[t]), float(opinion.net_high[t])
        values.append({"week": str(week), "low": low, "high": high})
        series = [("naive mean", float(opinion.naive[t])), ("fixed mix", float(opinion.fixed_mix[t]))]
        if single:
            series.insert(0, (headline, float(opinion.net[t])))
        values += [{"week": str(week), "series": n, "net": v} for n, v in series if math.isfinite(v)]
        middle = number(float(opinion.net[t])) if single else "–"
        rows.append((str(week), middle, number(low), number(high), *(number(v) for _, v in series[-2:])))
    names = [headline, "naive mean", "fixed mix"] if single else ["naive mean", "fixed mix"]
    colours = [BLUE, ORANGE, "#999999"] if single else [ORANGE, "#999999"]
    x = {"field": "week", "type": "temporal", "title": "week"}
    spec = _spec(
        values,
        300,
        layer=[
            {
                "transform": [{"filter": "isValid(datum.low)"}],
                "mark": {"type": "area", "opacity": 0.25, "color": BLUE},
                "encoding": {
                    "x": x,
                    "y": {"field": "low", "type": "quantitative", "title": "net favourability"},
                    "y2": {"field": "high"},
                },
            },
            {
                "transform": [{"filter": "isValid(datum.net)"}],
                "mark": {"type": "line", "strokeWidth": 2},
                "encoding": {
                    "x": x,
                    "y": {"field": "net", "type": "quantitative", "scale": {"zero": False}},
                    "color": {
                        "field": "series",
                        "type": "nominal",
                        "title": None,
                        "scale": {"domain": names, "range": colours},
                    },
                },
            },
        ],
    )
    kind = "90 % interval" if single else "band between the two readings, with their 90 % intervals"
    level = "" if opinion.fused is not None else "Compare how the lines move, not how high they stand."
    return Chart(
        "index",
        "Estimated opinion per week",
        f"Shaded: {kind}. Net favourability is positive minus negative, -1 to 1. Naive mean: what a dashboard "
        f"shows. Fixed mix: the same, at a constant mix of venues and topics. {level}",
        spec,
        ("week", headline if single else "no single line", "low", "high", "naive mean", "fixed mix"),
        tuple(rows),
    )


def moved_chart(opinion: Opinion) -> Chart:
    """What moved the posts' tone in each week."""
    values, rows = [], []
    for t, week in enumerate(opinion.counts.weeks):
        parts = [float(opinion.moved[cause][t]) for cause in CAUSES]
        rows.append((str(week), *(number(p) for p in parts)))
        values += [
            {"week": str(week), "cause": c, "part": p} for c, p in zip(CAUSES, parts, strict=True) if math.isfinite(p)
        ]
    spec = _spec(
        values,
        260,
        mark={"type": "bar"},
        encoding={
            "x": {"field": "week", "type": "temporal", "title": "week"},
            "y": {"field": "part", "type": "quantitative", "title": "tone against the period's mean (logit)"},
            "color": {
                "field": "cause",
                "type": "nominal",
                "title": None,
                "scale": {"domain": list(CAUSES), "range": list(COLOURS)},
            },
        },
    )
    return Chart(
        "moved",
        "What moved the tone of the posts",
        "Each bar is a week's tone against the average week, divided by cause; the parts add up. Only opinion is about "
        "customers: topic, venue mix and who speaks would move a dashboard though nobody changed their mind. "
        + _worth(opinion),
        spec,
        ("week", *CAUSES),
        tuple(rows),
    )


def effects_chart(opinion: Opinion) -> Chart:
    """Venue, topic, segment and the largest domains' effects with 90 % intervals."""
    domains = sorted((e for e in opinion.effects if e.kind == "domain"), key=lambda e: -e.votes)[:_MOST_DOMAINS]
    chosen = [e for kind in _KINDS[:-1] for e in opinion.effects if e.kind == kind] + domains
    values = [
        {
            "kind": e.kind,
            "name": e.name,
            "mean": e.mean,
            "low": e.mean - 1.645 * e.sd,
            "high": e.mean + 1.645 * e.sd,
        }
        for e in chosen
    ]
    y = {"field": "name", "type": "nominal", "title": None, "sort": None}
    x = {"type": "quantitative", "title": "tone against the average vote (logit)"}
    spec = _spec(
        values,
        120,
        facet={"row": {"field": "kind", "type": "nominal", "title": None, "sort": list(_KINDS)}},
        resolve={"scale": {"y": "independent"}},
        spec={
            "width": 560,
            "layer": [
                {
                    "mark": {"type": "rule", "color": BLUE},
                    "encoding": {"y": y, "x": {**x, "field": "low"}, "x2": {"field": "high"}},
                },
                {
                    "mark": {"type": "point", "filled": True, "color": BLUE, "size": 45},
                    "encoding": {"y": y, "x": {**x, "field": "mean"}},
                },
            ],
        },
    )
    del spec["width"], spec["height"]
    rows = tuple((e.kind, e.name, number(e.mean), number(e.sd), f"{e.votes:,.0f}") for e in chosen)
    return Chart(
        "effects",
        "Venues, topics, segments and the largest domains",
        "How much friendlier (right) or less friendly (left) votes are there, everything else equal; lines are 90 % "
        "intervals. " + _worth(opinion),
        spec,
        ("kind", "name", "effect", "standard deviation", "votes"),
        rows,
    )


def all_charts(opinion: Opinion) -> tuple[Chart, ...]:
    """The report's charts in order."""
    return index_chart(opinion), moved_chart(opinion), effects_chart(opinion)
