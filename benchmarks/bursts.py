"""Alarms for nothing, and alarms for something: how often `kaja.inbox.trouble.bursts` is wrong.

`python -m benchmarks.bursts` simulates years of hours with a rhythm of days and weeks, quiet and busy, as Poisson's and
wilder, with nothing the matter; and storms of so many times the usual, beginning at any hour. With `--recorded FILE`
(lines of ISO 8601 instants) it counts the alarms of a series that was recorded. Seeds are fixed.
"""

import argparse
from datetime import datetime
from pathlib import Path

import numpy as np
from tests.inbox.trouble.test_bursts import MONTH, count_alarms, draw, make_rhythm

from kaja.inbox.trouble.bursts import HOURS, WEEK, WEEKS, judge_hour

BEGIN = WEEK * WEEKS + 2


def measure_quiet(months: int) -> None:
    print(f"alarms in a month without cause ({months} months each)")
    for level in (0.3, 1.0, 4.0, 20.0, 60.0):
        for dispersion in (1.0, 2.0, 4.0):
            series = draw(make_rhythm(level, BEGIN + months * MONTH), dispersion, int(level * 10 + dispersion))
            alarms = count_alarms(series, range(BEGIN, BEGIN + months * MONTH))
            print(f"  {level:5.1f} an hour, dispersion {dispersion:.0f}: {alarms / months:.2f}")


def measure_storms(tries: int) -> None:
    print(f"storms that are noticed in their first hour ({tries} each)")
    for level in (1.0, 4.0, 20.0, 60.0):
        means = make_rhythm(level, BEGIN + WEEK)
        series = draw(means, 2.0, 7)
        for times in (2, 3, 5, 10):
            chance, noticed = np.random.default_rng(times), 0
            for _ in range(tries):
                hour = int(chance.integers(BEGIN, BEGIN + WEEK))
                count = int(chance.negative_binomial(max(means[hour], 0.01) * times, 0.5))
                past = [int(each) for each in series[hour - HOURS + 1 : hour][::-1]]
                noticed += judge_hour([count, *past]).is_burst
            print(f"  {level:5.1f} an hour, {times:2d} times as much: {noticed / tries:.0%}")


def measure_recorded(path: Path) -> None:
    moments = sorted(datetime.fromisoformat(line.strip()) for line in path.read_text().splitlines() if line.strip())
    hours = np.bincount([int((moment - moments[0]).total_seconds() // 3600) for moment in moments])
    months = (len(hours) - BEGIN) / MONTH
    print(f"{path.name}: {len(moments)} in {len(hours)} hours; alarms in a month:", end=" ")
    print(f"{count_alarms(hours, range(BEGIN, len(hours))) / months:.2f}" if months > 0 else "too short")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--tries", type=int, default=300)
    parser.add_argument("--recorded", type=Path)
    given = parser.parse_args()
    if given.recorded:
        measure_recorded(given.recorded)
    else:
        measure_quiet(given.months)
        measure_storms(given.tries)
