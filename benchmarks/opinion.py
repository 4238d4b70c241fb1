"""Benchmarks of brand opinion: speed, size, counting, coverage and hostile worlds.

    python benchmarks/opinion.py speed            fits at 10^5 to 10^9 posts, and NumPyro if installed
    python benchmarks/opinion.py count --rows N   a Parquet of N posts counted by DuckDB beside a pandas loop
    python benchmarks/opinion.py coverage         nominal 90 % intervals over worlds drawn from the model
    python benchmarks/opinion.py worlds           hostile worlds: correlation with the truth, and fusion with a survey
    python benchmarks/opinion.py slope            measured against true movement, the classifier corrected by 300 labels
    python benchmarks/opinion.py                  speed and count, in one run

Figures are printed as they come; compare them as ratios within one run.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import multiprocessing
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from math import erf
from pathlib import Path
from typing import Any

import numpy as np
from tests.needed import needs

from kaja.brandhealth.model.estimate import fit_counts
from kaja.brandhealth.model.ordinal import net
from kaja.brandhealth.model.share import summarise_share
from kaja.brandhealth.posts.counting import Source, count_posts
from kaja.brandhealth.reading.baselines import fixed_mix_net
from kaja.brandhealth.reading.index import read_index, to_net
from kaja.brandhealth.reading.survey import fuse, social_signal, survey_from_answers
from kaja.brandhealth.reading.validate import pearson
from kaja.brandhealth.worlds.files import draw_survey_answers
from kaja.brandhealth.worlds.people import PeopleWorld, draw_people, on_index_scale
from kaja.brandhealth.worlds.simulate import DEFAULT_TAU, Drawn, ModelWorld, draw_from_model, true_index

SIZES = (1e5, 1e6, 1e7, 1e8, 1e9)


def _fit_once(votes: float, queue: multiprocessing.Queue[tuple[int, float, float, int]]) -> None:
    drawn = draw_from_model(3, ModelWorld(votes=votes, weeks=52, formats=5, domains=60, topics=10, segments=4))
    begin, cpu = time.perf_counter(), time.process_time()
    posterior = fit_counts(drawn.counts)
    read_index(posterior)
    wall, used = time.perf_counter() - begin, time.process_time() - cpu
    queue.put((drawn.counts.n.shape[0], wall, used, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))


def speed() -> None:
    """One fresh process per size, so that the memory is that fit's own (simulator included)."""
    print("posts    cells    wall s  cpu s  us per cell  peak MB")
    context = multiprocessing.get_context("spawn")
    first = 0.0
    for votes in SIZES:
        queue: multiprocessing.Queue[tuple[int, float, float, int]] = context.Queue()
        process = context.Process(target=_fit_once, args=(votes, queue))
        process.start()
        cells, wall, cpu, peak = queue.get()
        process.join()
        per_cell = cpu / cells * 1e6
        first = first or per_cell
        print(
            f"{votes:<8.0e} {cells:<8} {wall:<7.2f} {cpu:<6.2f} {per_cell:<12.1f} {peak / 1024:<8.0f} "
            f"x{per_cell / first:.2f}"
        )
    if importlib.util.find_spec("numpyro") is None:
        print("numpyro is not installed (development extra): no comparison with NUTS")
        return
    from benchmarks.opinion_nuts import FIXTURES, FULL_SIZE, SETTINGS, sample

    compared: tuple[tuple[str, tuple[int, ModelWorld], dict[str, Any]], ...] = (
        ("thin fixture", FIXTURES["thin 12"], SETTINGS["thin"] | {"chains": 2}),
        ("full size, 1e7", FULL_SIZE, {"warmup": 40, "draws": 20, "rounded": False, "depth": 6, "chains": 1}),
    )
    for name, (seed, world), settings in compared:
        drawn = draw_from_model(seed, world)
        begin = time.process_time()
        index = read_index(fit_counts(drawn.counts))
        ours = time.process_time() - begin
        theirs = sample(drawn.counts, seed=1, **settings)
        kept, all_draws = (settings["chains"] * (settings["draws"] + n) for n in (0, settings["warmup"]))
        print(
            f"{name}, CPU s: fit and index {ours:.2f}; NUTS {theirs['seconds']:.0f} for {theirs['unknowns']:,} "
            f"unknowns and {kept} draws of {theirs['steps']:.0f} steps after {settings['warmup']} to warm up, "
            f"{theirs['sampling'] / all_draws:.2f} a draw; x{theirs['seconds'] / ours:.0f}\n"
            f"  effective sample size {theirs['ess']:.1f}, r-hat {theirs['rhat']:.3f}: "
            + (
                f"the index differs by {np.abs(index.mean - theirs['mean']).max():.4f} at most, its standard deviation "
                f"by {np.abs(index.sd / theirs['sd'] - 1.0).max():.1%}"
                if theirs["ess"] > 400
                else "not converged, so nothing to compare with"
            ),
            flush=True,
        )


_MAKE = """
import duckdb, sys
duckdb.sql("SET threads = 2; SET enable_progress_bar = false")
duckdb.sql(f\"\"\"COPY (SELECT
    TIMESTAMP '2024-01-01' + INTERVAL (i * 31449600 // {rows}) SECOND AS time,
    'format ' || (hash(i + 1) % 5) AS format, 'domain ' || (hash(i + 1) % 60) AS domain,
    'topic ' || (hash(i + 2) % 10) AS topic, 'segment ' || (hash(i + 3) % 4) AS segment,
    'author ' || (hash(i + 4) % {authors}) AS author,
    ['negative', 'neutral', 'positive'][1 + (hash(i + 5) % 3)::INTEGER] AS class
    FROM range({rows}) AS t(i)) TO '{path}' (FORMAT parquet)\"\"\")
"""
_PANDAS = """
import pyarrow.parquet as pq, pandas as pd, sys, time, json, resource
begin = time.perf_counter()
cells, seen, rows = {}, set(), 0
for batch in pq.ParquetFile(sys.argv[1]).iter_batches(1_000_000):
    frame = batch.to_pandas()
    frame["week"] = frame["time"].dt.to_period("W").dt.start_time
    rows += len(frame)
    for week, fmt, domain, topic, segment, author, label in zip(
        *(frame[name] for name in ("week", "format", "domain", "topic", "segment", "author", "class"))
    ):
        vote = (author, week, fmt, domain)
        if vote not in seen:
            seen.add(vote)
            key = (week, fmt, domain, topic, segment, label)
            cells[key] = cells.get(key, 0) + 1
    if rows >= int(sys.argv[2]):
        break
print(json.dumps([rows, time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]))
"""


def count(rows: int, loop_rows: int, threads: int, keep: Path | None) -> None:
    """DuckDB counts all rows; the pandas loop counts the first ``loop_rows`` (its set of votes grows with the
    posts). ``keep`` is a Parquet of so many rows from an earlier run, or where to leave one.
    """
    with tempfile.TemporaryDirectory() as name:
        path = keep or Path(name) / "posts.parquet"
        if not path.exists():
            code = _MAKE.format(rows=rows, authors=max(rows // 20, 1), path=path)
            subprocess.run([sys.executable, "-c", code], check=True)
        begin, cpu = time.perf_counter(), time.process_time()
        counts = count_posts(Source(path), Path(name) / "work", threads=threads)
        wall, used = time.perf_counter() - begin, time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"duckdb: {rows:,} rows to {counts.votes:,.0f} votes in {counts.n.shape[0]:,} cells, {wall:.1f} "
            "s wall, "
            f"{used:.1f} s cpu, {rows / wall / 1e6:.2f} M rows/s, peak {peak:.0f} MB"
        )
        if importlib.util.find_spec("pandas") is None:
            print("pandas is not installed (development extra): no comparison with its loop")
            return
        loop = subprocess.run(
            [sys.executable, "-c", _PANDAS, str(path), str(loop_rows)],
            check=True,
            capture_output=True,
            text=True,
        )
        n, seconds, memory = json.loads(loop.stdout)
        print(
            f"pandas loop: {n:,} rows, {seconds:.1f} s, {n / seconds / 1e6:.2f} M rows/s, peak "
            f"{memory / 1024:.0f} MB; "
            f"duckdb is {(rows / wall) / (n / seconds):.1f} times faster per row"
        )


# Seeds from here on were never used while the estimator was developed (development: below 10,000).
FIRST_COVERAGE = 50_000
FIRST_HOSTILE = 47_000
FIRST_SLOPE = 30_000
SMALL = {"weeks": 26, "formats": 4, "domains": 16, "topics": 4, "pair_authors": 1000}


def coverage(sizes: list[float], worlds: int, whole: bool, from_prior: bool, first: int = FIRST_COVERAGE) -> None:
    """Share of weeks whose truth lies inside the nominal 90 % interval, with its standard error, and the truth's ranks.

    Worlds of 26 weeks, 4 formats, 16 domains and 4 topics, or with ``whole`` of 52, 5, 60 and 10. ``from_prior``
    draws the standard deviations from the estimator's prior; without it they are its medians, and every world has
    pile-ons.
    """
    for votes in sizes:
        inside, width, r, ranks, unsettled = [], [], [], [], 0
        for seed in range(first, first + worlds):
            size: dict[str, Any] = {} if whole else SMALL
            drawn = draw_from_model(seed, ModelWorld(votes=votes, from_prior=from_prior, **size))
            posterior = fit_counts(drawn.counts)
            index = read_index(posterior)
            inside.append(float(np.mean((drawn.index >= index.low) & (drawn.index <= index.high))))
            width.append(float(np.mean(index.high - index.low)))
            r.append(pearson(index.mean, drawn.index))
            unsettled += not posterior.converged
            week = seed % drawn.index.size
            ranks.append(0.5 * (1.0 + erf((drawn.index[week] - index.mean[week]) / index.sd[week] / 2**0.5)))
            print(
                f"  {votes:.0e} {seed}: {inside[-1]:.4f} {width[-1]:.4f} {r[-1]:.4f} {ranks[-1]:.4f}", file=sys.stderr
            )
        error = np.std(inside) / np.sqrt(worlds)
        bins = np.histogram(ranks, bins=10, range=(0.0, 1.0))[0]
        chi = float(np.sum((bins - worlds / 10) ** 2 / (worlds / 10)))
        print(
            f"{votes:.0e}: coverage {np.mean(inside):.3f} +- {error:.3f} over {worlds} worlds, width "
            f"{np.median(width):.3f}, r {np.mean(r):.3f}, not settled {unsettled}; ranks {bins.tolist()}, chi-square "
            f"{chi:.1f} "
            "(9 degrees of freedom, 5 % point 16.9)",
            flush=True,
        )


VARIANTS: dict[str, dict[str, Any]] = {
    "expression": {"kind": "expression"},
    "selection": {"kind": "selection"},
    "mixed": {"kind": "mixed"},
    "calm": {"kind": "calm"},
    "drift": {"kind": "mixed", "share_drift": True},
    "cross": {"kind": "expression", "cross_shift": 0.5},
}
SERIES = ("naive", "fixed mix", "measure", "expression reading", "selection reading")


def worlds(seeds: int, names: list[str], first: int = FIRST_HOSTILE) -> None:
    """Correlation with the customer base's net favourability, and the error of 16 survey answers a week with the posts.

    Per variant the median and 10th percentile over the seeds; then the root mean square errors (net units) of the naive
    mean, of the smoothed survey alone and of both together.
    """
    for name in names:
        rows, errors, inside, share, unsettled = [], [], [], [], 0
        for seed in range(first, first + seeds):
            lived = draw_people(seed, PeopleWorld(**VARIANTS[name]))
            posterior = fit_counts(lived.counts)
            index = read_index(posterior)
            found = (
                lived.naive,
                fixed_mix_net(lived.counts),
                index.mean,
                read_index(posterior, 1.0).mean,
                read_index(posterior, 0.0).mean,
            )
            rows.append([pearson(series, lived.truth) for series in found])
            unsettled += not posterior.converged
            wanted = on_index_scale(lived.truth, float(np.exp(posterior.get("log_g")[0])))
            share.append(summarise_share(needs(posterior.explained)).mean)
            fused = fuse(social_signal(posterior), survey_from_answers(draw_survey_answers(lived.truth, 16, seed)))
            errors.append([_rmse(s - lived.truth) for s in (lived.naive, fused.alone_mean, fused.mean)])
            inside.append(
                [
                    np.mean((wanted >= index.low) & (wanted <= index.high)),
                    np.mean((lived.truth >= fused.low) & (lived.truth <= fused.high)),
                ]
            )
            told = " ".join(f"{value:.4f}" for value in (*rows[-1], *errors[-1], *inside[-1], share[-1]))
            print(f"  {name} {seed}: {told}", file=sys.stderr, flush=True)
        middle, low = np.median(rows, axis=0), np.quantile(rows, 0.1, axis=0)
        print(f"{name}: " + ", ".join(f"{n} {m:.3f} [{p:.3f}]" for n, m, p in zip(SERIES, middle, low, strict=True)))
        loss = np.array(rows)[:, 0] - np.array(rows)[:, 2]
        naive, alone, both = np.mean(errors, axis=0)
        worse = np.array(errors)[:, 2] - np.array(errors)[:, 1]
        print(
            f"  measure against naive: mean gain {-loss.mean():+.4f}; not settled {unsettled}; expression share median "
            f"{np.median(share):.2f}; intervals hold the truth {np.median([i[0] for i in inside]):.2f}\n"
            f"  error: naive {naive:.4f}, survey alone {alone:.4f}, both {both:.4f}; worse than the survey in "
            f"{np.mean(worse > 0):.0%}, by at most {worse.max():.4f}; coverage {np.mean([i[1] for i in inside]):.2f}",
            flush=True,
        )


def slope(worlds: int) -> None:
    """Slope of measured against true movement of net favourability, with 300 labels a venue and with none.

    First in calm worlds of people, where the classifier is all that errs; then in worlds drawn from the model whose
    opinion jumps four times as far a week as its prior expects, where some of the movement is taken for pile-ons
    (the third figure, with the true matrices, says how much).
    """
    jumpy = DEFAULT_TAU | {"mu": 0.3, "omega": 0.05, "nu": 0.02}
    small: dict[str, Any] = {"votes": 1e6, "weeks": 30, "formats": 2, "domains": 8, "topics": 2, "pair_authors": 0}
    for name in ("calm people", "jumpy model"):
        rows = []
        for seed in range(FIRST_SLOPE, FIRST_SLOPE + worlds):
            if name == "calm people":
                lived = draw_people(seed, PeopleWorld(kind="calm", segments=2, **small))
                counts, truth, matrices = lived.counts, lived.truth, None
            else:
                drawn = draw_from_model(seed, ModelWorld(tau=jumpy, **small))
                counts, matrices = drawn.counts, drawn.truth["matrices"]
                truth = net(
                    true_index(counts, drawn.truth, 1.0) + _level(drawn), float(np.exp(drawn.truth["log_g"][0]))
                )
            moved = truth - truth.mean()
            row = [float(moved @ moved)]
            for labels in (counts.labels, None) if matrices is None else (counts.labels, None, matrices * 1e7):
                posterior = fit_counts(replace(counts, labels=labels))
                row.append(float(to_net(posterior, read_index(posterior, 1.0).mean) @ moved))
            rows.append(row)
        table = np.array(rows)
        each = table[:, 1:] / table[:, :1]
        pooled = table[:, 1:].sum(axis=0) / table[:, 0].sum()
        told = zip(("300 labels", "none", "true matrices"), each.T, pooled, strict=False)
        print(
            f"{name}, {worlds} worlds: "
            + "; ".join(
                f"{what} {found.mean():.3f} +- {found.std() / worlds**0.5:.3f} (pooled {whole:.3f})"
                for what, found, whole in told
            ),
            flush=True,
        )


def _level(drawn: Drawn) -> float:
    """The true mean tone of the votes, logit units."""
    u, c = drawn.truth, drawn.counts
    tone = (u["mu"] + u["v"])[c.week] + (u["alpha"][:, None] + u["omega"])[c.format, c.week] + u["delta"][c.domain]
    tone += u["beta"][c.topic] + (u["sigma"][:, None] + u["nu"])[c.segment, c.week] + u["e"][c.week, c.domain]
    return float(np.average(tone, weights=c.n.sum(axis=1)))


def _rmse(error: Any) -> float:
    return float(np.sqrt(np.mean(error**2)))


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=("speed", "count", "coverage", "worlds", "slope"))
    parser.add_argument("--rows", type=int, default=100_000_000)
    parser.add_argument("--loop-rows", type=int, default=2_000_000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="Parquet of the posts to count, made where it is not there")
    parser.add_argument("--sizes", default="1e5,1e7,1e9")
    parser.add_argument("--worlds", type=int, default=200)
    parser.add_argument("--whole", action="store_true", help="coverage over worlds of full size")
    parser.add_argument("--first", type=int, help="first seed of coverage or worlds")
    parser.add_argument("--prior", action="store_true", help="coverage over standard deviations from the prior")
    parser.add_argument("--seeds", type=int, default=16)
    parser.add_argument("--variants", default=",".join(VARIANTS))
    args = parser.parse_args()
    if args.what in (None, "speed"):
        speed()
    if args.what in (None, "count"):
        count(args.rows, args.loop_rows, args.threads, args.keep)
    if args.what == "coverage":
        coverage(
            [float(s) for s in args.sizes.split(",")], args.worlds, args.whole, args.prior, args.first or FIRST_COVERAGE
        )
    if args.what == "slope":
        slope(args.worlds)
    if args.what == "worlds":
        worlds(args.seeds, args.variants.split(","), args.first or FIRST_HOSTILE)


if __name__ == "__main__":
    main()
