import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from kaja.brandhealth.reading.analysis import CAUSES, Opinion, measure_opinion
from kaja.brandhealth.reading.survey import survey_from_answers
from kaja.brandhealth.report.charts import all_charts
from kaja.brandhealth.report.documents import render_html, render_pdf
from kaja.brandhealth.report.output import to_json, weekly_table, write_all
from kaja.brandhealth.report.wording import write_headline, write_paragraphs
from kaja.brandhealth.worlds.files import draw_survey_answers
from kaja.brandhealth.worlds.simulate import Drawn


@pytest.fixture(scope="module")
def with_authors(drawn: Drawn) -> Opinion:
    return measure_opinion(drawn.counts)


@pytest.fixture(scope="module")
def band(drawn: Drawn) -> Opinion:
    counts = replace(drawn.counts, pairs=None, labels=None, topics=("price <b>", 'say "hi"', "back\\slash"))
    return measure_opinion(counts)


@pytest.fixture(scope="module")
def surveyed(drawn: Drawn) -> Opinion:
    answers = draw_survey_answers(0.1 + 0.2 * drawn.index, 30, 1)
    return measure_opinion(replace(drawn.counts, pairs=None), survey_from_answers(answers))


def test_the_parts_add_up_to_the_tone_of_the_posts(with_authors: Opinion) -> None:
    posterior, counts = with_authors.posterior, with_authors.counts
    from kaja.brandhealth.model.cellfit import cell_location

    eta = cell_location(posterior.x, posterior.shocks[:, 0], posterior.blocks, posterior.layout)
    votes = counts.n.sum(axis=1)
    tone = np.bincount(counts.week, votes * eta) / np.bincount(counts.week, votes)
    assert tuple(with_authors.moved) == CAUSES
    assert np.allclose(sum(with_authors.moved.values()), tone - tone.mean(), atol=1e-9)


def test_with_authors_there_is_one_line_and_its_evidence(with_authors: Opinion) -> None:
    assert with_authors.evidence == "authors"
    assert with_authors.index is not None
    assert with_authors.share is not None
    assert with_authors.share.authors == 800
    assert "800 cases of one author in two venues" in " ".join(write_paragraphs(with_authors))


def test_without_evidence_there_is_a_band_and_never_one_line(band: Opinion) -> None:
    assert band.index is None
    assert band.share is None
    assert (band.band_low <= np.minimum(band.expression.low, band.selection.low)).all()
    assert (band.band_high >= np.maximum(band.expression.high, band.selection.high)).all()
    table = weekly_table(band)
    assert np.isnan(table["net"].to_numpy()).all()
    assert (table["net_low"].to_numpy() < table["net_high"].to_numpy()).all()
    assert "index" not in table.column_names
    assert write_headline(band).startswith("A band, not a line")
    assert "middle of the two" not in render_html(band, "t")


def test_social_only_output_is_never_called_true_opinion(band: Opinion, with_authors: Opinion) -> None:
    for opinion in (band, with_authors):
        text = render_html(opinion, "Report").lower()
        assert "true opinion" not in text
        assert "customer opinion:" not in text
        assert "its level is that of the posts" in text


def test_with_a_survey_the_level_is_the_surveys(surveyed: Opinion) -> None:
    assert surveyed.evidence == "survey"
    assert surveyed.fused is not None
    assert surveyed.survey is not None
    assert np.nanmean(surveyed.net) == pytest.approx(np.nanmean(surveyed.survey.mean), abs=0.08)
    assert write_headline(surveyed).startswith("Customer opinion")


def test_effects_are_relative_to_the_average_vote(with_authors: Opinion) -> None:
    for kind in ("venue", "domain", "topic", "segment"):
        chosen = [e for e in with_authors.effects if e.kind == kind]
        assert sum(e.mean * e.votes for e in chosen) == pytest.approx(0, abs=1e-6 * with_authors.diagnostics.votes)
        assert all(e.sd > 0 for e in chosen)


def test_the_label_plan_is_consistent(with_authors: Opinion, band: Opinion) -> None:
    plan = with_authors.diagnostics.labels
    assert plan is not None
    assert plan.labels == 600
    assert plan.to_halve_label_error == 2400
    assert 0 < plan.error_share < 1
    if plan.to_halve_error is not None:
        assert plan.to_halve_error > plan.to_halve_label_error
    assert band.diagnostics.labels is None
    assert "No hand labels" in " ".join(write_paragraphs(band))


def test_dispersion_is_about_one_where_the_model_holds(with_authors: Opinion) -> None:
    assert with_authors.diagnostics.dispersion == pytest.approx(1, abs=0.25)


def test_every_chart_has_its_table_and_the_page_is_self_contained(with_authors: Opinion) -> None:
    page = render_html(with_authors, "Brand & co")
    assert "Brand &amp; co" in page
    assert page.count("<svg") == page.count("<details>") - 1 == len(all_charts(with_authors)) == 3
    for chart in all_charts(with_authors):
        assert len(chart.rows) >= 8
        assert all(len(row) == len(chart.header) for row in chart.rows)
    remote = re.findall(r'(?:src|href)="(https?:[^"]+)"', page)
    assert remote == []


def test_names_from_files_cannot_become_markup(band: Opinion) -> None:
    page = render_html(band, "<script>alert(1)</script>")
    assert "<b>" not in page
    assert "<script>alert" not in page
    assert render_pdf(band, 'A "quoted" \\ #title').startswith(b"%PDF")


def test_files_for_machines(with_authors: Opinion, tmp_path: Path) -> None:
    paths = write_all(with_authors, tmp_path / "out", "T")
    assert all(path.stat().st_size > 500 for path in paths)
    data = json.loads(paths[0].read_text())
    assert data == to_json(with_authors)
    assert len(data["weekly"]["net"]) == 20
    assert data["weekly"]["week"][0] == "2024-01-01"
    table = pq.read_table(paths[1])
    assert table.num_rows == 20
    assert np.allclose(table["index"].to_numpy(), with_authors.index.mean if with_authors.index else 0)
    assert pq.read_table(paths[2]).num_rows == 3 + 9 + 3 + 2
