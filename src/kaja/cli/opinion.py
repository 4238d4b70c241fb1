"""``kaja opinion``: underlying brand opinion from posts, on the command line."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path

import numpy as np

from kaja.brandhealth.arrays import Floats
from kaja.brandhealth.posts.counts import OpinionError

_INTERRUPTED = 130


def main(argv: list[str] | None = None) -> int:
    """Run ``kaja opinion``; returns the exit code (0 done, 1 refused with a message, 130 interrupted)."""
    args = _parser().parse_args(argv)
    try:
        return int(args.run(args))
    except OpinionError as error:
        print(f"kaja opinion: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. What was counted is kept: run the same command again to go on.", file=sys.stderr)
        return _INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kaja opinion", description="Underlying brand opinion, estimated from posts.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    fit = commands.add_parser("fit", help="count posts, fit the model, write a report")
    fit.add_argument("posts", type=Path, help="CSV, JSONL or Parquet of posts (or of counts)")
    fit.add_argument("-o", "--out", type=Path, required=True, help="folder for report, JSON and Parquet")
    fit.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="FIELD=COLUMN",
        help="where a field stands, e.g. time=created_at",
    )
    fit.add_argument("--timezone", help="zone of times that carry none, e.g. Europe/Tallinn")
    fit.add_argument("--labels", type=Path, help="hand labels: format, true, predicted [, language, count]")
    fit.add_argument(
        "--survey", type=Path, help="tracker: time, negative, neutral, positive (answers), or time, mean, se"
    )
    fit.add_argument("--population", type=Path, help="customer base: segment, share")
    fit.add_argument("--pairs", type=Path, help="authors seen in two venues, beside a file of counts")
    fit.add_argument("--title", default="Brand opinion", help="title of the report")
    fit.add_argument("--threads", type=int, default=2, help="threads for counting")
    fit.set_defaults(run=_fit)

    check = commands.add_parser("validate", help="hold a measure against a benchmark, honestly")
    check.add_argument(
        "measures", type=Path, help="weekly.parquet of a fit, or any file with a time column and measures"
    )
    check.add_argument("benchmark", type=Path, help="file with a time column and the benchmark")
    check.add_argument("--measure", help="the measure that is judged (default: index or net, else the first column)")
    check.add_argument("--against", default="naive,fixed_mix,survey_alone", help="rival measures, comma separated")
    check.add_argument("--placebo", default="", help="measures that cannot know the benchmark, comma separated")
    check.add_argument("--value", default="value", help="column of the benchmark")
    check.add_argument("--period", choices=("week", "month"), default="week")
    check.add_argument(
        "--lag", type=int, default=0, help="periods by which the benchmark follows; fix it before looking"
    )
    check.set_defaults(run=_validate)

    simulate = commands.add_parser("simulate", help="worlds of known truth: files, or a power analysis")
    simulate.add_argument("--world", choices=("expression", "selection", "mixed", "calm"), default="mixed")
    simulate.add_argument("--seed", type=int, default=0)
    simulate.add_argument("--votes", type=_numbers, default=[1e5], help="one number, or a list with --power")
    simulate.add_argument("--labels", type=_numbers, default=[300.0], help="hand labels per venue")
    simulate.add_argument("--authors", type=_numbers, default=[2000.0], help="authors seen in two venues")
    simulate.add_argument("--answers", type=_numbers, default=[16.0], help="survey answers a week")
    simulate.add_argument("--weeks", type=int, default=52)
    simulate.add_argument("--drift", action="store_true", help="the expression share moves from 1 to 0")
    simulate.add_argument("-o", "--out", type=Path, help="folder for the files")
    simulate.add_argument("--power", action="store_true", help="print a power analysis instead of writing files")
    simulate.add_argument("--seeds", type=int, default=4, help="worlds per design in a power analysis")
    simulate.set_defaults(run=_simulate)

    sql = commands.add_parser("sql", help="print the counting queries for a database")
    sql.add_argument("--dialect", choices=("duckdb", "postgres", "clickhouse"), default="postgres")
    sql.set_defaults(run=_sql)
    return parser


def _numbers(text: str) -> list[float]:
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number or a list such as 1e5,1e6") from None
    if any(not np.isfinite(v) or v < 0 for v in values):
        raise argparse.ArgumentTypeError(f"{text!r}: numbers must be >= 0")
    return values


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _fit(args: argparse.Namespace) -> int:
    from kaja.brandhealth.posts.counting import Source, count_posts
    from kaja.brandhealth.posts.sidefiles import read_labels, read_pairs, read_population
    from kaja.brandhealth.reading.analysis import measure_opinion
    from kaja.brandhealth.reading.surveyfile import read_survey
    from kaja.brandhealth.report.output import write_all
    from kaja.brandhealth.report.wording import write_headline, write_paragraphs

    columns: dict[str, str] = {}
    for pair in args.column:
        name, equals, column = pair.partition("=")
        if not equals or not column:
            raise OpinionError(f"--column {pair!r}: write FIELD=COLUMN, for example time=created_at")
        columns[name] = column
    source = Source(args.posts, columns, args.timezone)
    _say(f"counting {args.posts}")
    counts = count_posts(
        source, args.out / "work", lambda done, parts: _say(f"  {done} of {parts} parts"), args.threads
    )
    if args.pairs is not None:
        counts = read_pairs(args.pairs, counts)
    if args.labels is not None:
        counts = read_labels(args.labels, counts)
    if args.population is not None:
        counts = read_population(args.population, counts)
    survey = read_survey(args.survey, counts) if args.survey is not None else None
    _say(f"fitting {counts.votes:,.0f} votes in {counts.n.shape[0]:,} cells")
    opinion = measure_opinion(counts, survey, lambda step, size: _say(f"  step {step}: {size:.3f}"))
    paths = write_all(opinion, args.out, args.title)
    print(write_headline(opinion))
    for paragraph in write_paragraphs(opinion):
        print(f"- {paragraph}")
    print("written: " + ", ".join(str(path) for path in paths))
    return 0


def read_series(path: Path, period: str) -> dict[str, dict[date, float]]:
    """Numeric columns of a file averaged per period (the Monday of a week, or the first of a month); gaps
    stay missing.
    """
    from datetime import timedelta

    from kaja.brandhealth.posts.sidefiles import read_rows

    rows = read_rows(path)
    time = next((name for name in ("time", "week", "date", "month") if name in rows[0]), None)
    if time is None:
        raise OpinionError(f"{path}: no column time, week, date or month; there are {', '.join(rows[0])}")
    sums: dict[str, dict[date, list[float]]] = {name: {} for name in rows[0] if name != time}
    for number, row in enumerate(rows, 1):
        try:
            day = date.fromisoformat(row[time][:10])
        except ValueError:
            raise OpinionError(
                f"{path} row {number}, column {time}: {row[time]!r} is not a date such as 2024-05-31"
            ) from None
        # a week belongs to the month that holds its Thursday, as in ISO 8601
        middle = day + timedelta(days=3) if time == "week" else day
        at = middle.replace(day=1) if period == "month" else day - timedelta(days=day.weekday())
        for name, series in sums.items():
            if row[name] not in ("", "nan", "NaN", "NA", "null", "None"):
                try:
                    series.setdefault(at, []).append(float(row[name]))
                except ValueError:
                    raise OpinionError(f"{path} row {number}, column {name}: {row[name]!r} is not a number") from None
    return {name: {at: float(np.mean(v)) for at, v in series.items()} for name, series in sums.items() if series}


def _validate(args: argparse.Namespace) -> int:
    from kaja.brandhealth.reading.validate import validate
    from kaja.brandhealth.report.wording import write_validation

    measures = read_series(args.measures, args.period)
    benchmark = read_series(args.benchmark, args.period)
    if args.value not in benchmark:
        raise OpinionError(f"{args.benchmark}: no numeric column {args.value!r}; there are {', '.join(benchmark)}")
    judged = args.measure or next((n for n in ("index", "net") if n in measures), next(iter(measures), ""))
    rivals = [n for n in args.against.split(",") if n in measures and n != judged]
    placebos = [n for n in args.placebo.split(",") if n]
    missing = [n for n in (judged, *placebos) if n not in measures]
    if missing:
        raise OpinionError(f"{args.measures}: no numeric column {missing[0]!r}; there are {', '.join(measures)}")
    target = benchmark[args.value]
    common = sorted(set(measures[judged]) | set(target))

    def series(values: dict[date, float]) -> Floats:
        return np.array([values.get(at, np.nan) for at in common])

    result = validate(
        {name: series(measures[name]) for name in (judged, *rivals)},
        series(target),
        args.lag,
        {name: series(measures[name]) for name in placebos},
    )
    print("\n".join(write_validation(result, args.period)))
    return 0


def _simulate(args: argparse.Namespace) -> int:
    from kaja.brandhealth.worlds.files import draw_survey_answers, write_world
    from kaja.brandhealth.worlds.people import PeopleWorld, draw_people
    from kaja.brandhealth.worlds.power import build_power_table

    world = PeopleWorld(
        args.world,
        args.votes[0],
        args.weeks,
        pair_authors=int(args.authors[0]),
        labels=int(args.labels[0]),
        share_drift=args.drift,
    )
    if args.power:
        print("votes     labels  authors  answers  r     naive  half width  error  survey alone")
        counts = [[int(v) for v in values] for values in (args.labels, args.authors, args.answers)]
        seeds = range(2 * args.seed, 2 * args.seed + args.seeds)
        for row in build_power_table(world, args.votes, counts[0], counts[1], counts[2], seeds):
            print(
                f"{row.votes:<9.3g} {row.labels:<7} {row.authors:<8} {row.answers:<8} "
                f"{row.correlation:<5.2f} {row.naive:<6.2f} "
                f"{row.half_width:<11.3f} {row.rmse:<6.3f} {row.rmse_survey_alone:.3f}",
                flush=True,
            )
        return 0
    if args.out is None:
        raise OpinionError("simulate: give a folder with -o, or ask for --power")
    lived = draw_people(args.seed, world)
    answers = draw_survey_answers(lived.truth, int(args.answers[0]), args.seed) if args.answers[0] > 0 else None
    for path in write_world(lived, args.out, answers):
        print(path)
    return 0


def _sql(args: argparse.Namespace) -> int:
    from kaja.brandhealth.posts.sql import build_counting_sql

    for name, text in build_counting_sql(args.dialect).items():
        print(f"-- {name}{text}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
