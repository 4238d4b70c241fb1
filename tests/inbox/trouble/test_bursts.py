"""Bursts: how often there is an alarm for nothing, and how surely there is one for something."""

import math
from collections.abc import Sequence

import numpy as np
import pytest

from kaja.inbox.trouble.bursts import HOURS, LEAST, WEEK, WEEKS, find_quantile, judge_hour, judge_share, learn_usual

MONTH = 30 * 24
LOOKS = 12
"""In an hour: what came is looked at every five minutes (`trouble/jobs.py`)."""


def make_rhythm(level: float, hours: int) -> np.ndarray:
    """What is to be expected of each hour: quiet nights, two heights a day, weekends at two thirds."""
    hour = np.arange(hours)
    day = 1 + 0.8 * np.sin((hour % 24 - 9) / 24 * 2 * math.pi) + 0.3 * np.sin((hour % 24 - 3) / 12 * 2 * math.pi)
    return np.asarray(level * np.clip(day, 0.05, None) * np.where(hour // 24 % 7 >= 5, 0.66, 1.0))


def draw(means: np.ndarray, dispersion: float, seed: int) -> np.ndarray:
    """Counts with that variance: Poisson's, or the negative binomial's."""
    chance = np.random.default_rng(seed)
    if dispersion <= 1:
        return chance.poisson(means)
    return chance.negative_binomial(means / (dispersion - 1), 1 / dispersion)


def draw_looks(means: np.ndarray, dispersion: float, seed: int) -> np.ndarray:
    """The same for every five minutes, as often as is looked; the counts of an hour vary as those of `draw` do."""
    return draw(np.repeat(means / LOOKS, LOOKS), dispersion, seed)


def list_alarms(series: Sequence[int] | np.ndarray, hours: range, looks: int = LOOKS) -> list[tuple[int, int]]:
    """Alarms in these hours of a series that is told forwards, `looks` counts to an hour: at which look each begins,
    and at which a burst was seen last. As `watching` does it: an hour without a burst ends an alarm."""
    counts = np.asarray(series)
    clock = counts[: len(counts) // looks * looks].reshape(-1, looks).sum(axis=1)
    until_now = np.convolve(counts, np.ones(looks, dtype=int))[: len(counts)]
    alarms: list[tuple[int, int]] = []
    for hour in hours:
        usual = learn_usual([0, *(int(each) for each in clock[max(0, hour - HOURS) : hour][::-1])])
        assert usual is not None
        for look in range(looks):
            at = hour * looks + look
            if until_now[at] >= LEAST and usual.judge(int(until_now[at]), (look + 1) / looks).is_burst:
                goes_on = bool(alarms) and at - alarms[-1][1] <= looks
                alarms[-1:] = [(alarms[-1][0], at)] if goes_on else [*alarms[-1:], (at, at)]
    return alarms


def test_in_months_of_ordinary_hours_there_is_less_than_one_alarm_in_each_on_average() -> None:
    """Quiet and busy, as Poisson's and three times as wild; `benchmarks/bursts.py` measures years of it."""
    begin, alarms, months = HOURS, 0, 0
    for level in (0.3, 4.0, 60.0):
        for dispersion in (1.0, 3.0):
            means = make_rhythm(level, begin + MONTH)
            series = draw_looks(means, dispersion, 100 + int(level * 10 + dispersion))
            alarms += len(list_alarms(series, range(begin, begin + MONTH)))
            months += 1
    assert alarms < months


def test_a_slow_rise_is_no_burst() -> None:
    """Twice as much in half a year."""
    hours = HOURS + 4 * MONTH
    means = make_rhythm(10, hours) * np.linspace(1, 2, hours)
    assert len(list_alarms(draw_looks(means, 2.0, 5), range(hours - MONTH, hours))) <= 1


@pytest.mark.parametrize(("level", "times"), [(4.0, 10), (20.0, 4), (60.0, 3)])
def test_a_storm_is_noticed_in_its_first_hour(level: float, times: int) -> None:
    begin, noticed, hours = HOURS, 0, 40
    means = make_rhythm(level, begin + hours * 7 + 1)
    series = draw(means, 2.0, 11)
    storm = np.random.default_rng(12)
    asked = 0
    for hour in range(begin, begin + hours * 7, 7):
        if means[hour] < level * 0.8:
            continue
        asked += 1
        count = int(storm.negative_binomial(means[hour] * times, 0.5))
        noticed += judge_hour([count, *(int(each) for each in series[hour - HOURS + 1 : hour][::-1])]).is_burst
    assert asked > 15
    assert noticed >= asked * 0.95


def test_last_weeks_storm_does_not_hide_todays() -> None:
    usual = draw(make_rhythm(10, HOURS), 1.5, 3)[::-1].tolist()
    calm = judge_hour(usual)
    stormy = list(usual)
    for place in (WEEK - 1, WEEK, WEEK + 1):
        stormy[place] = 200
    assert calm.limit is not None
    assert calm.expected is not None
    judged = judge_hour(stormy)
    assert judged.limit is not None
    assert judged.limit < 100
    assert judge_hour([150, *stormy[1:]]).is_burst


def test_nights_are_compared_with_nights() -> None:
    counts = [0] * HOURS
    for week in range(1, WEEKS + 1):
        for place in range(WEEK * week - 12, WEEK * week - 6):
            counts[place] = 50  # by day
    counts[0] = 8
    assert judge_hour(counts).is_burst  # by night, when nobody writes


def test_few_are_never_a_burst_and_who_has_not_listened_for_two_weeks_says_nothing() -> None:
    assert not judge_hour([LEAST - 1, *[0] * HOURS]).is_burst
    assert judge_hour([LEAST + 5, *[0] * HOURS]).is_burst
    new = judge_hour([500, *[0] * WEEK], known_hours=WEEK)
    assert (new.expected, new.limit, new.is_burst) == (None, None, False)


@pytest.mark.parametrize(("mean", "variance"), [(0.1, 0.1), (4.0, 4.0), (4.0, 12.0), (300.0, 900.0)])
def test_the_quantile_is_that_of_the_distribution(mean: float, variance: float) -> None:
    drawn = draw(np.full(400_000, mean), variance / mean, 1)
    for share in (0.5, 0.99):
        limit = find_quantile(mean, variance, share)
        assert np.mean(drawn <= limit) >= share - 0.003
        assert limit == 0 or np.mean(drawn <= limit - 1) < share + 0.003


def test_more_of_it_is_bad() -> None:
    assert judge_share(9, 10, 20, 400)
    assert not judge_share(2, 40, 20, 400)
    assert not judge_share(4, 4, 0, 400)  # too few
    assert not judge_share(10, 10, 0, 5)  # too little is known
    assert not judge_share(20, 40, 200, 400)


def test_a_share_that_is_as_it_was_gives_no_alarm_but_by_chance() -> None:
    chance = np.random.default_rng(8)
    alarms = sum(judge_share(int(bad), 30, 60, 600) for bad in chance.binomial(30, 0.1, 4000))
    assert alarms <= 8
