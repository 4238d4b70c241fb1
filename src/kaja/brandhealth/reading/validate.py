"""The honest protocol: does a measure follow a benchmark, or does it only look so?

The model is frozen and the lag fixed before the benchmark is seen. Levels and first differences are both
reported; p values come
from circular shifts of the measure and from placebo series (given ones, else AR(1) surrogates); the first
half calibrates and
the second half scores. Below 24 periods there are intervals but no verdict.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from kaja.brandhealth.arrays import Floats
from kaja.brandhealth.posts.counts import OpinionError

LEAST_PERIODS: Final = 24
_SURROGATES: Final = 999


@dataclass(frozen=True)
class Correlation:
    """Pearson correlation over ``n`` periods with its 90 % Fisher interval and two p values.

    The Fisher interval assumes independent periods and is too narrow for smooth series; the p values do not.
    """

    r: float
    low: float
    high: float
    n: int
    p_shift: float
    p_placebo: float


@dataclass(frozen=True)
class MeasureScore:
    """One measure: ``levels``, ``differences``, and ``rmse`` on the second half after a straight line fitted
    on the first.
    """

    name: str
    levels: Correlation
    differences: Correlation
    rmse: float


@dataclass(frozen=True)
class Validation:
    """Everything that the protocol prints. ``constant_rmse`` is the first half's mean, ``last_rmse`` its last
    value carried on.
    """

    periods: int
    lag: int
    scores: tuple[MeasureScore, ...]
    constant_rmse: float
    last_rmse: float
    verdict: str


def validate(
    measures: dict[str, Floats],
    benchmark: Floats,
    lag: int = 0,
    placebos: dict[str, Floats] | None = None,
    seed: int = 2014,
) -> Validation:
    """Score ``measures`` (name to series, shape (n,)) against ``benchmark`` (n,); nan marks a missing period.

    ``lag`` periods: the measure of period t is set beside the benchmark of t + lag. The first measure is the
    one judged; the
    others are its rivals. ``placebos`` are series that cannot know the benchmark (other keywords).
    """
    if not measures:
        raise OpinionError("validate: there is no measure")
    n = benchmark.size
    for name, series in {**measures, **(placebos or {})}.items():
        if series.shape != (n,):
            raise OpinionError(f"validate: {name} has {series.size} periods, the benchmark {n}")
    if lag < 0 or lag >= n - 3:
        raise OpinionError(f"validate: lag {lag} leaves too few of {n} periods")
    shifted = {name: _lagged(series, n, lag) for name, series in measures.items()}
    target = benchmark[lag:]
    both = np.isfinite(target)
    for series in shifted.values():
        both &= np.isfinite(series)
    if both.sum() < 4:
        raise OpinionError(
            f"validate: only {int(both.sum())} periods have all measures and the benchmark; 4 are needed"
        )
    target = target[both]
    fakes = [_lagged(series, n, lag)[both] for series in (placebos or {}).values()]
    fakes = [np.where(np.isfinite(f), f, np.nanmean(f)) for f in fakes if np.isfinite(f).any()]
    rng = np.random.default_rng(seed)
    half = target.size // 2
    scores = []
    for name, series in shifted.items():
        x = series[both]
        scores.append(
            MeasureScore(
                name,
                correlate(x, target, rng, fakes),
                correlate(np.diff(x), np.diff(target), rng, [np.diff(f) for f in fakes]),
                _second_half(x, target, half),
            )
        )
    constant = float(np.sqrt(np.mean((target[half:] - target[:half].mean()) ** 2)))
    last = float(np.sqrt(np.mean((target[half:] - target[half - 1]) ** 2)))
    verdict = _verdict(scores, constant, last, target.size)
    return Validation(target.size, lag, tuple(scores), constant, last, verdict)


def _lagged(series: Floats, n: int, lag: int) -> Floats:
    return series[: n - lag]


def pearson(x: Floats, y: Floats) -> float:
    """Pearson correlation; 0 when one of the two does not move."""
    x, y = x - x.mean(), y - y.mean()
    scale = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / scale if scale > 0 else 0.0


def correlate(x: Floats, y: Floats, rng: np.random.Generator, placebos: list[Floats] | None = None) -> Correlation:
    """Correlation of two series of shape (n,) with interval and p values (two-sided, the observed one counted
    in).
    """
    r, n = pearson(x, y), x.size
    half = 1.6449 / np.sqrt(n - 3) if n > 3 else np.inf
    middle = np.arctanh(np.clip(r, -0.999999, 0.999999))
    shifts = [abs(pearson(np.roll(x, k), y)) for k in range(1, n)]
    fakes = placebos if placebos is not None and len(placebos) >= 19 else [*(placebos or []), *_surrogates(x, rng)]
    beaten = [abs(pearson(f, y)) for f in fakes]
    return Correlation(
        r,
        float(np.tanh(middle - half)),
        float(np.tanh(middle + half)),
        n,
        (1 + sum(s >= abs(r) for s in shifts)) / n,
        (1 + sum(b >= abs(r) for b in beaten)) / (1 + len(beaten)),
    )


def _surrogates(x: Floats, rng: np.random.Generator) -> list[Floats]:
    """AR(1) series with the measure's own memory: what smoothness alone reaches."""
    centred = x - x.mean()
    phi = float(np.clip((centred[1:] @ centred[:-1]) / max(float(centred @ centred), 1e-300), -0.99, 0.99))
    noise = rng.normal(size=(_SURROGATES, x.size))
    out = np.empty_like(noise)
    out[:, 0] = noise[:, 0]
    for t in range(1, x.size):
        out[:, t] = phi * out[:, t - 1] + np.sqrt(1 - phi**2) * noise[:, t]
    return list(out)


def _second_half(x: Floats, y: Floats, half: int) -> float:
    design = np.stack([np.ones(half), x[:half]], axis=1)
    line = np.linalg.lstsq(design, y[:half], rcond=None)[0]
    return float(np.sqrt(np.mean((y[half:] - line[0] - line[1] * x[half:]) ** 2)))


def _verdict(scores: list[MeasureScore], constant: float, last: float, n: int) -> str:
    judged, rivals = scores[0], scores[1:]
    if n < LEAST_PERIODS:
        return f"No verdict: {n} periods are fewer than {LEAST_PERIODS}. Read the intervals."
    levels = judged.levels.r > 0 and max(judged.levels.p_shift, judged.levels.p_placebo) < 0.05
    moves = judged.differences.r > 0 and max(judged.differences.p_shift, judged.differences.p_placebo) < 0.05
    best = min([constant, last, *(s.rmse for s in rivals)])
    if levels and moves and judged.rmse < best:
        told = f"{judged.name} follows the benchmark in levels and in changes"
        return f"{told}, and predicts the second half best."
    parts = [
        f"levels {'yes' if levels else 'no'} (r = {judged.levels.r:.2f})",
        f"changes {'yes' if moves else 'no'} (r = {judged.differences.r:.2f})",
        f"second half {'best' if judged.rmse < best else 'not better than the simplest rival'} "
        f"(error {judged.rmse:.3g}, best rival {best:.3g})",
    ]
    return f"No evidence that {judged.name} follows the benchmark throughout: " + "; ".join(parts) + "."
