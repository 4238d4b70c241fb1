"""Whether an hour holds more than such hours do. Pure.

The method is that of disease surveillance, which asks the same of counts with a rhythm of days and weeks: Farrington,
Andrews, Beale and Catchpole, A Statistical Algorithm for the Early Detection of Outbreaks of Infectious Disease,
Journal of the Royal Statistical Society A 159 (1996), pp. 547-563, with the improvements of Noufaily, Enki, Farrington,
Garthwaite, Andrews and Charlett, An Improved Algorithm for Outbreak Detection in Multiple Surveillance Systems,
Statistics in Medicine 32 (2013), pp. 1206-1222:

1. The hour is compared with the same hour of the week in the last eight weeks and the hours beside it, so nights,
   mornings and weekends are compared with their like. Clocks that were put forward move it by an hour at most.
2. Hours that were bursts themselves count less (Anscombe residuals above `RESIDUAL_MOST`, weighted by the inverse of
   their square; 1996, section 3.6; the limit 2.58 is of 2013, section 3.3): last week's storm does not hide today's.
3. Counts vary more than Poisson's (people answer each other): the variance is `dispersion` times the mean, and the
   limit a quantile of the negative binomial distribution with that mean and variance (2013, section 3.4).
4. Fewer than `LEAST` in an hour are never a burst, whatever is usual (as their rule of five cases in four weeks).

5. One looks every few minutes, so the hour that ends now lies across two hours of the clock. Its like are such hours
   of other weeks, put together of what was counted in the hours of the clock.

What the mean itself may be wrong by is added to the variance (1996, equation 3). Ours are two changes, for hours are
many and weeks are few. The dispersion is not that of the 24 hours alone, but of all hours of the eight weeks, each
against its like. And in place of a fitted trend the mean is moved to the level of the last seven days: the median of
their ratios to the same weekday before, so that one wild day moves nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, lgamma, log, log1p

WEEK = 7 * 24
WEEKS = 8
HOURS = WEEK * WEEKS + 3
"""How many hours back are looked at, the present one with them."""
WEEKS_LEAST = 2
"""With fewer weeks of history nothing can be said."""
LEAST = 5
RESIDUAL_MOST = 2.58
OUTLIER = 6.0
"""Of the dispersion: what stands out by less than this is how counts of that kind are."""
NOTHING = 0.1
LEVEL_MOST = 3.0
CHANCE = 0.0001
"""Of one look, to call an hour a burst that is none. Looks follow each other every five minutes at hours that overlap,
so this is less than one in a month (`benchmarks/bursts.py`), not one in ten thousand looks."""
CHANCE_OF_SHARE = 0.0005


@dataclass(frozen=True)
class Verdict:
    """An hour, judged. `expected` and `limit` are None when too little is known."""

    count: int
    expected: float | None = None
    limit: int | None = None
    dispersion: float = 1.0

    @property
    def is_burst(self) -> bool:
        return self.limit is not None and self.count > self.limit and self.count >= LEAST


@dataclass(frozen=True)
class Usual:
    """What was learnt from the hours of the clock before now; the same for all looks of one of them."""

    past: Sequence[int]
    weeks: int
    dispersion: float
    level: float

    def judge(self, now: int, passed: float = 1.0, chance: float = CHANCE) -> Verdict:
        """Judge the hour that ends now. `passed`: which share of it lies in the latest hour of the clock."""
        like = self._list_like(passed)
        mean = _weigh_mean(like, self.dispersion) * self.level
        # The mean is itself an estimate: what it may be wrong by belongs to the forecast.
        variance = self.dispersion * mean * (1 + 1 / len(like))
        return Verdict(now, mean, find_quantile(mean, variance, 1 - chance), self.dispersion)

    def _list_like(self, passed: float) -> list[float]:
        """The hours that it is compared with."""
        return [
            passed * self.past[each] + (1 - passed) * self.past[each + 1]
            for week in range(1, self.weeks + 1)
            for each in (WEEK * week - 1, WEEK * week, WEEK * week + 1)
        ]


def learn_usual(counts: Sequence[int], known_hours: int = HOURS) -> Usual | None:
    """From counts per hour of the clock, the latest first, which is not looked at; what is missing at the end is taken
    as nothing. `known_hours`: for how long somebody has listened. None when that is too short."""
    weeks = min(WEEKS, (min(known_hours, HOURS) - 3) // WEEK)
    if weeks < WEEKS_LEAST:
        return None
    needed = WEEK * weeks + 3
    past = [*counts[:needed], *[0] * (needed - len(counts))]
    return Usual(past, weeks, _measure_dispersion(past, weeks), _find_level(past, weeks))


def judge_hour(counts: Sequence[int], known_hours: int = HOURS, passed: float = 1.0, chance: float = CHANCE) -> Verdict:
    """Both at once. The first of `counts` is that of the hour that ends now."""
    now = counts[0] if counts else 0
    usual = learn_usual(counts, known_hours)
    return Verdict(now) if usual is None else usual.judge(now, passed, chance)


def _weigh_mean(like: Sequence[float], dispersion: float) -> float:
    """Their mean; what stands out weighs less. Never nothing: something rare is still to be expected."""
    mean = max(float(sorted(like)[len(like) // 2]), NOTHING)
    for _ in range(3):
        residuals = [_anscombe(count, mean, dispersion) for count in like]
        weights = [1.0 if r <= RESIDUAL_MOST else (RESIDUAL_MOST / r) ** 2 for r in residuals]
        mean = max(sum(w * y for w, y in zip(weights, like, strict=True)) / sum(weights), NOTHING)
    return mean


def _measure_dispersion(past: Sequence[int], weeks: int) -> float:
    """Variance by mean of the hours of all weeks but the present, each against its like; 1 at least. Once more without
    the weight of what stands out by the first."""
    means = []
    for place in range(WEEK):
        same = [past[WEEK * week + place] for week in range(1, weeks + 1) if WEEK * week + place < len(past)]
        means.append(sum(same) / len(same) if same else 0.0)
    dispersion = 0.0
    for _ in range(2):
        # Of sums, not a mean of ratios: where little is said, the ratios of single hours lean towards one.
        squares = expected = 0.0
        for place, mean in enumerate(means):
            if mean <= 0:
                continue
            for week in range(1, weeks + 1):
                if WEEK * week + place >= len(past):
                    continue
                count = past[WEEK * week + place]
                residual = _anscombe(count, mean, max(1.0, dispersion)) if dispersion else 0.0
                weight = 1.0 if residual <= OUTLIER else (OUTLIER / residual) ** 2
                squares += weight * (count - mean) ** 2
                expected += mean
            expected -= mean
        dispersion = max(1.0, squares / expected) if expected > 0 else 1.0
    return dispersion


def _find_level(past: Sequence[int], weeks: int) -> float:
    """How much the last seven days stand above the same weekdays before: the median of their ratios."""
    ratios = []
    for day in range(7):
        begin = 1 + 24 * day
        days = [sum(past[WEEK * week + begin : WEEK * week + begin + 24]) for week in range(weeks)]
        before = sum(days[1:]) / max(1, len(days) - 1)
        ratios.append((days[0] + 1) / (before + 1))
    return min(max(sorted(ratios)[3], 1 / LEVEL_MOST), LEVEL_MOST)


def _anscombe(count: float, mean: float, dispersion: float) -> float:
    """How far above the mean, in standard deviations (1996, p. 553)."""
    spread: float = 1.5 * (count ** (2 / 3) - mean ** (2 / 3)) / (mean ** (1 / 6) * dispersion**0.5)
    return spread


def find_quantile(mean: float, variance: float, share: float) -> int:
    """The least count up to which lies at least this share of a negative binomial distribution; of Poisson's where the
    variance is not greater than the mean."""
    total, count = 0.0, 0
    if variance <= mean * (1 + 1e-9):
        term = exp(-mean)
        while total + term < share and count < 100_000:
            total += term
            count += 1
            term *= mean / count
        return count
    success = mean / variance
    size = mean * success / (1 - success)
    while count < 100_000:
        total += exp(
            lgamma(count + size) - lgamma(size) - lgamma(count + 1) + size * log(success) + count * log1p(-success)
        )
        if total >= share:
            return count
        count += 1
    return count


def judge_share(bad: int, heard: int, bad_before: int, heard_before: int, chance: float = CHANCE_OF_SHARE) -> bool:
    """Whether more of an hour is bad than was: at least `LEAST`, and more than chance gives of a share known before
    (beta-binomial, with one bad and one good message added to what was before: Laplace's rule)."""
    if bad < LEAST or heard_before < 3 * LEAST:
        return False
    good, alpha = heard - bad, bad_before + 1.0
    beta = heard_before - bad_before + 1.0
    whole = lgamma(alpha + beta) - lgamma(alpha) - lgamma(beta)

    def weigh(number: int) -> float:
        ways = lgamma(heard + 1) - lgamma(number + 1) - lgamma(heard - number + 1)
        both = lgamma(number + alpha) + lgamma(heard - number + beta) - lgamma(heard + alpha + beta)
        return exp(whole + ways + both)

    return sum(weigh(number) for number in range(heard - good, heard + 1)) < chance
