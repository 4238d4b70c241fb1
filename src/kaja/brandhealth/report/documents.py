"""The report: one self-contained HTML file and one PDF, from the same charts and sentences."""

from __future__ import annotations

import html
import json
import tempfile
from pathlib import Path
from typing import Final

import typst
import vl_convert

from kaja.brandhealth.reading.analysis import Opinion
from kaja.brandhealth.report.charts import Chart, all_charts, number
from kaja.brandhealth.report.wording import sections, write_headline

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --line: #d0d7de; --soft: #57606a; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --paper: #0d1117; --line: #30363d; --soft: #9da7b1; }
  .plot svg { filter: brightness(1.45); } }
body { font: 16px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 2rem auto;
  max-width: 60rem; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: 0.2rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
.lead { font-size: 1.1rem; color: var(--soft); margin-top: 0; }
figure { margin: 0; } .plot { overflow-x: auto; } .plot svg { width: 100%; min-width: 40rem; height: auto; }
.plot svg > rect { fill: none; } .plot svg text { fill: var(--ink); }
.plot svg .role-axis-grid line { stroke: var(--line); } .plot svg .role-axis line { stroke: var(--line); }
figcaption { color: var(--soft); font-size: 0.9rem; }
table { border-collapse: collapse; font-size: 0.85rem; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--line); padding: 0.2rem 0.7rem; text-align: right; }
th:first-child, td:first-child { text-align: left; }
.wide { overflow-x: auto; } summary { cursor: pointer; color: var(--soft); padding: 0.3rem 0; }
"""


def to_svg(chart: Chart) -> str:
    """Draw a chart as static SVG (no script needed to read it)."""
    return str(vl_convert.vegalite_to_svg(json.dumps(chart.spec)))


def _table(header: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> str:
    head = "".join(f'<th scope="col">{html.escape(h)}</th>' for h in header)
    body = "".join(
        f'<tr><th scope="row">{html.escape(row[0])}</th>'
        + "".join(f"<td>{html.escape(c)}</td>" for c in row[1:])
        + "</tr>"
        for row in rows
    )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _section(chart: Chart) -> str:
    # a "<" from a name must not end the script; the escaped form is the same JSON
    spec = json.dumps(chart.spec).replace("<", "\\u003c")
    return (
        f"<section><h2>{html.escape(chart.title)}</h2><figure role='group' "
        f"aria-label='{html.escape(chart.title, quote=True)}'>"
        f"<div class='plot' tabindex='0'>{to_svg(chart)}</div>"
        f"<figcaption>{html.escape(chart.caption)}</figcaption></figure>"
        f"<details><summary>Table</summary>{_table(chart.header, chart.rows)}</details>"
        f'<script type="application/vnd.vegalite.v5+json" id="chart-{chart.name}">{spec}</script></section>'
    )


_COMPONENTS: Final = {
    "mu": "opinion, from week to week",
    "v": "pile-ons",
    "alpha": "venues",
    "omega": "a venue's drift",
    "delta": "domains",
    "beta": "topics",
    "sigma": "segments",
    "nu": "a segment's drift",
    "rho": "expression share, from week to week",
    "xi": "a venue's own expression",
    "m": "cross-posters against others",
    "e": "a domain's week, tone",
    "h": "a domain's week, neutrality",
}
_SCALES: Final = ("spread of", "standard deviation", "low", "high")


def scale_rows(opinion: Opinion) -> tuple[tuple[str, ...], ...]:
    """Variance components with 90 % intervals, as table rows."""
    return tuple(
        (f"{_COMPONENTS[name]} ({name})", *(number(v) for v in values))
        for name, values in opinion.diagnostics.scales.items()
    )


def render_html(opinion: Opinion, title: str) -> str:
    """The whole report as one HTML page: sentences, charts as SVG with their Vega-Lite source and table, the fit."""
    first, last = opinion.counts.weeks[0], opinion.counts.weeks[-1]
    text = [
        f"<section><h2>{html.escape(heading)}</h2>{''.join(f'<p>{html.escape(p)}</p>' for p in sentences)}"
        for heading, sentences in sections(opinion)
    ]
    charts = [_section(chart) for chart in all_charts(opinion)]
    scales = _table(_SCALES, scale_rows(opinion))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>{html.escape(title)}</h1>"
        f'<p class="lead">{html.escape(write_headline(opinion))} {first} to {last}.</p>'
        f"{text[0]}</section>{charts[0]}{text[1]}</section>{''.join(charts[1:])}{text[2]}"
        f"<p>How much each part of the model varies, in logits, with 90 % intervals:</p>"
        f"<details><summary>Table</summary>{scales}</details></section></main></body></html>\n"
    )


def _typst_text(text: str) -> str:
    """A string as a Typst string literal, so that no name from a file is read as markup."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'


def _typst_table(header: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> str:
    cells = [f"text(weight: {_typst_text('bold')}, {_typst_text(h)})" for h in header]
    cells += [_typst_text(cell) for row in rows for cell in row]
    aligned = "left, " + ", ".join(["right"] * (len(header) - 1))
    return (
        f"#text(size: 7.5pt, table(columns: {len(header)}, align: ({aligned},), stroke: 0.3pt + gray, "
        "inset: 3pt, "
        f"{', '.join(cells)}))\n"
    )


def render_pdf(opinion: Opinion, title: str) -> bytes:
    """The same report as PDF bytes."""
    charts = all_charts(opinion)
    first, last = opinion.counts.weeks[0], opinion.counts.weeks[-1]
    lines = [
        '#set page(paper: "a4", margin: 2cm, numbering: "1")',
        "#set text(size: 10pt)",
        f'#text(size: 18pt, weight: "bold", {_typst_text(title)})\n',
        f"#text(fill: luma(90), {_typst_text(f'{write_headline(opinion)} {first} to {last}.')})\n",
    ]
    told = [
        [f'#text(size: 13pt, weight: "bold", {_typst_text(heading)})\n', *(f"#par({_typst_text(s)})\n" for s in said)]
        for heading, said in sections(opinion)
    ]
    lines += told[0]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for place, chart in enumerate(charts):
            (root / f"{chart.name}.svg").write_text(to_svg(chart), encoding="utf-8")
            lines.append(f'#block(breakable: false)[#text(size: 13pt, weight: "bold", {_typst_text(chart.title)})\n')
            lines.append(f'#image("{chart.name}.svg", width: 100%)\n')
            lines.append(f"#text(size: 8.5pt, fill: luma(90), {_typst_text(chart.caption)})]\n")
            lines += told[1] if place == 0 else []
        lines += told[2]
        lines.append('#pagebreak()\n#text(size: 13pt, weight: "bold", "Tables")\n')
        lines += [_typst_table(chart.header, chart.rows) for chart in charts]
        lines.append(_typst_table(_SCALES, scale_rows(opinion)))
        (root / "report.typ").write_text("\n".join(lines), encoding="utf-8")
        return bytes(typst.compile(str(root / "report.typ"), root=str(root)))
