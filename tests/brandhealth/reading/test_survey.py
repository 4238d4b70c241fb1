import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaja.brandhealth.posts.counts import OpinionError
from kaja.brandhealth.reading.survey import SocialSignal, Survey, fuse, survey_from_answers
from kaja.brandhealth.worlds.files import draw_survey_answers

WEEKS = 40


def truth(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return 0.1 + np.cumsum(rng.normal(size=WEEKS)) * 0.015


def signal(index: np.ndarray, sd: float = 0.03) -> SocialSignal:
    cov = sd**2 * np.eye(WEEKS)
    return SocialSignal((1.0,), (index - index.mean(),), (cov,), np.ones(1))


def rmse(error: np.ndarray) -> float:
    return float(np.sqrt(np.mean(error**2)))


def test_posts_that_follow_the_survey_sharpen_it() -> None:
    gain = []
    for seed in range(12):
        opinion = truth(seed)
        z = (opinion - opinion.mean()) / 0.3 + np.random.default_rng(seed + 100).normal(size=WEEKS) * 0.05
        fused = fuse(signal(z), survey_from_answers(draw_survey_answers(opinion, 16, seed)))
        gain.append(rmse(fused.mean - opinion) / rmse(fused.alone_mean - opinion))
    assert np.median(gain) < 0.95


def test_posts_that_know_nothing_do_no_harm() -> None:
    both, alone, weights = [], [], []
    for seed in range(16):
        opinion = truth(seed)
        fused = fuse(signal(truth(seed + 500) / 0.3), survey_from_answers(draw_survey_answers(opinion, 16, seed)))
        both.append(rmse(fused.mean - opinion))
        alone.append(rmse(fused.alone_mean - opinion))
        weights.append(fused.weight_survey_only)
    assert np.mean(both) < 1.1 * np.mean(alone)
    assert np.median(weights) > 0.4


def test_intervals_cover() -> None:
    inside = []
    for seed in range(20):
        opinion = truth(seed)
        z = (opinion - opinion.mean()) / 0.3 + np.random.default_rng(seed + 100).normal(size=WEEKS) * 0.1
        fused = fuse(signal(z), survey_from_answers(draw_survey_answers(opinion, 16, seed)))
        inside.append(np.mean((opinion >= fused.low) & (opinion <= fused.high)))
    assert 0.8 < np.mean(inside) < 0.99


def test_weeks_without_a_wave_are_bridged() -> None:
    answers = draw_survey_answers(truth(1), 16, 1)
    answers[10:15] = 0
    fused = fuse(signal(truth(1) / 0.3), survey_from_answers(answers))
    assert np.isfinite(fused.mean).all()
    assert fused.alone_sd[12] > fused.alone_sd[20]


@given(st.integers(1, 200), st.integers(0, 50))
def test_a_wave_of_equal_answers_claims_no_certainty(size: int, seed: int) -> None:
    n = draw_survey_answers(truth(seed), 16, seed)
    n[3] = [0, 0, size]
    survey = survey_from_answers(n)
    assert survey.mean[3] == 1
    assert survey.variance[3] > 0


@pytest.mark.parametrize(
    ("n", "words"),
    [(np.zeros((3, 3)), "not one answer"), (np.ones((3, 2)), "shape"), (-np.ones((3, 3)), "all >= 0")],
)
def test_bad_answers_are_refused(n: np.ndarray, words: str) -> None:
    with pytest.raises(OpinionError, match=words):
        survey_from_answers(n)


def test_a_zero_variance_is_refused_by_row() -> None:
    with pytest.raises(OpinionError, match="survey row 1, column variance"):
        Survey(np.array([0.1, 0.2]), np.array([0.01, 0.0]))


def test_the_number_of_weeks_must_agree() -> None:
    with pytest.raises(OpinionError, match="one row per week"):
        fuse(signal(truth(0)), survey_from_answers(np.ones((5, 3))))
