import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaja.brandhealth.posts.counts import OpinionError
from kaja.brandhealth.reading.validate import correlate, pearson, validate


def walk(seed: int, n: int = 60) -> np.ndarray:
    return np.cumsum(np.random.default_rng(seed).normal(size=n))


def test_a_good_measure_gets_its_verdict() -> None:
    target = walk(1)
    noise = np.random.default_rng(2).normal(size=60)
    result = validate({"index": target + 0.2 * noise, "naive": walk(3)}, target)
    assert result.scores[0].rmse < min(result.constant_rmse, result.last_rmse)
    assert result.verdict.startswith("index follows")


def test_smooth_series_that_know_nothing_are_not_believed() -> None:
    """Two independent walks correlate often; the placebo must not be fooled as often as the naive test is."""
    believed = [correlate(walk(seed), walk(seed + 1000), np.random.default_rng(seed)) for seed in range(60)]
    naive = np.mean([(c.low > 0) | (c.high < 0) for c in believed])
    honest = np.mean([c.p_placebo < 0.05 and c.p_shift < 0.05 for c in believed])
    assert naive > 0.5
    assert honest < 0.15


def test_a_shifted_copy_is_found_at_its_lag_only() -> None:
    target = np.random.default_rng(4).normal(size=80)
    measure = np.append(target[2:], [0.0, 0.0])  # leads by two
    assert validate({"m": measure}, target, lag=2).scores[0].levels.r == pytest.approx(1)
    assert abs(validate({"m": measure}, target, lag=0).scores[0].levels.r) < 0.4


def test_few_periods_get_no_verdict() -> None:
    assert validate({"m": walk(1, 20)}, walk(1, 20)).verdict.startswith("No verdict: 20 periods")


def test_given_placebos_are_used() -> None:
    target = walk(7)
    strong = {
        f"p{i}": target + 0.01 * walk(i) for i in range(20)
    }  # 'placebos' that do know: the measure is not special
    plain = validate({"m": target}, target).scores[0].levels.p_placebo
    assert validate({"m": target + 0.1 * walk(3)}, target, placebos=strong).scores[0].levels.p_placebo > 0.5 > plain


def test_missing_periods_are_left_out() -> None:
    target = walk(1)
    holes = target.copy()
    holes[[3, 30]] = np.nan
    assert validate({"m": holes}, target).periods == 58


@given(st.floats(0.1, 10), st.floats(-5, 5), st.integers(0, 30))
def test_correlation_ignores_scale_and_level(scale: float, level: float, seed: int) -> None:
    x, y = walk(seed), walk(seed + 1)
    assert pearson(scale * x + level, y) == pytest.approx(pearson(x, y), abs=1e-9)
    assert pearson(np.ones(5), np.arange(5.0)) == 0


@pytest.mark.parametrize(
    ("measures", "lag", "words"),
    [
        ({}, 0, "no measure"),
        ({"m": np.ones(5)}, 0, "5 periods, the benchmark 60"),
        ({"m": walk(1)}, 58, "too few"),
        ({"m": np.full(60, np.nan)}, 0, "only 0 periods"),
    ],
)
def test_unusable_input_is_refused(measures: dict[str, np.ndarray], lag: int, words: str) -> None:
    with pytest.raises(OpinionError, match=words):
        validate(measures, walk(2), lag)
