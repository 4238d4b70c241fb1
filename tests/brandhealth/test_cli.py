from pathlib import Path

import pyarrow.parquet as pq
import pytest

from kaja.cli.opinion import main, read_series


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    assert (
        main(
            [
                "simulate",
                "--world",
                "mixed",
                "--votes",
                "2e4",
                "--weeks",
                "16",
                "--authors",
                "400",
                "-o",
                str(folder),
            ]
        )
        == 0
    )
    return folder


@pytest.fixture(scope="module")
def out(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("out")
    extra = [
        a for name in ("pairs", "labels", "survey", "population") for a in (f"--{name}", str(world / f"{name}.csv"))
    ]
    assert main(["fit", str(world / "counts.csv"), *extra, "-o", str(folder), "--title", "Simulated"]) == 0
    return folder


def test_fit_writes_everything(out: Path) -> None:
    assert {p.name for p in out.iterdir()} == {
        "work",
        "opinion.json",
        "weekly.parquet",
        "effects.parquet",
        "report.html",
        "report.pdf",
    }
    assert "Simulated" in (out / "report.html").read_text()
    assert pq.read_table(out / "weekly.parquet").num_rows == 16


def test_fit_says_what_it_found(world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit", str(world / "counts.csv"), "-o", str(tmp_path)]) == 0
    told = capsys.readouterr()
    assert "A band, not a line" in told.out
    assert "step 1" in told.err


def test_validate_refuses_a_verdict_on_few_periods(out: Path, world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    measures = str(out / "weekly.parquet")
    assert main(["validate", measures, str(world / "truth.csv"), "--value", "truth"]) == 0
    told = capsys.readouterr().out
    assert "16 weeks, lag 0" in told
    assert "No verdict" in told
    assert "naive" in told
    assert "constant" in told
    assert main(["validate", measures, str(world / "truth.csv"), "--value", "mood"]) == 1


def test_series_are_averaged_by_month(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("week,a\n2024-01-01,1\n2024-01-08,3\n2024-01-29,9\n2024-02-05,NA\n")
    series = read_series(path, "month")["a"]
    assert {str(k): v for k, v in series.items()} == {"2024-01-01": 2.0, "2024-02-01": 9.0}


def test_a_power_analysis_prints_a_row_per_design(capsys: pytest.CaptureFixture[str]) -> None:
    command = [
        "simulate",
        "--power",
        "--votes",
        "5e3,2e4",
        "--answers",
        "16,50",
        "--weeks",
        "12",
        "--seeds",
        "1",
        "--authors",
        "100",
    ]
    assert main(command) == 0
    assert len(capsys.readouterr().out.splitlines()) == 4


def test_sql_prints_the_queries(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sql", "--dialect", "clickhouse"]) == 0
    told = capsys.readouterr().out
    assert "PARTITION BY author, week, format, domain" in told
    assert "cityHash64" in told


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["fit", "nowhere.csv", "-o", "OUT"], "no such file"),
        (["fit", "nowhere.csv", "-o", "OUT", "--column", "time"], "write FIELD=COLUMN"),
        (["simulate"], "give a folder"),
    ],
)
def test_refusals_are_short_and_clear(
    command: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path) if part == "OUT" else part for part in command]) == 1
    assert words in capsys.readouterr().err


def test_an_interruption_says_how_to_go_on(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("kaja.brandhealth.reading.analysis.measure_opinion", stop)
    assert main(["fit", str(world / "counts.csv"), "-o", str(tmp_path)]) == 130
    assert "run the same command again" in capsys.readouterr().err
