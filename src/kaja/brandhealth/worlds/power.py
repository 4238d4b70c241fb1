"""Power analysis: what more posts, labels, cross-venue authors or survey answers would buy, on worlds of
known truth.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kaja.brandhealth.model.estimate import fit_counts
from kaja.brandhealth.reading.index import read_index
from kaja.brandhealth.reading.survey import fuse, social_signal, survey_from_answers
from kaja.brandhealth.reading.validate import pearson
from kaja.brandhealth.worlds.files import draw_survey_answers
from kaja.brandhealth.worlds.people import PeopleWorld, draw_people


@dataclass(frozen=True)
class PowerRow:
    """Medians over the seeds for one design: correlation with the truth (measure, naive) and, with a survey,
    error (net units).
    """

    votes: float
    labels: int
    authors: int
    answers: int
    correlation: float
    naive: float
    half_width: float
    rmse: float
    rmse_survey_alone: float


def build_power_table(
    world: PeopleWorld,
    votes: Sequence[float],
    labels: Sequence[int],
    authors: Sequence[int],
    answers: Sequence[int],
    seeds: Sequence[int],
) -> Iterator[PowerRow]:
    """Vary one quantity at a time around the first of each list; yields a row per design as it is ready."""
    base = (votes[0], labels[0], authors[0], answers[0])
    designs = [base]
    for place, options in enumerate((votes, labels, authors, answers)):
        for option in options[1:]:
            design = list(base)
            design[place] = option
            designs.append((float(design[0]), int(design[1]), int(design[2]), int(design[3])))
    for n, hand, pairs, wave in designs:
        yield _design(replace(world, votes=n, labels=int(hand), pair_authors=int(pairs)), int(wave), seeds)


def _design(world: PeopleWorld, answers: int, seeds: Sequence[int]) -> PowerRow:
    rows = []
    for seed in seeds:
        lived = draw_people(seed, world)
        posterior = fit_counts(lived.counts)
        index = read_index(posterior, None if posterior.layout.has_pairs else 1.0)
        errors = (np.nan, np.nan)
        if answers > 0:
            fused = fuse(social_signal(posterior), survey_from_answers(draw_survey_answers(lived.truth, answers, seed)))
            errors = (_rmse(fused.mean - lived.truth), _rmse(fused.alone_mean - lived.truth))
        rows.append(
            (
                pearson(index.mean, lived.truth),
                pearson(lived.naive, lived.truth),
                float(index.sd.mean()) * 1.645,
                *errors,
            )
        )
    r, naive, width, both, alone = np.median(np.array(rows), axis=0)
    return PowerRow(
        world.votes,
        world.labels,
        world.pair_authors,
        answers,
        float(r),
        float(naive),
        float(width),
        float(both),
        float(alone),
    )


def _rmse(error: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    return float(np.sqrt(np.mean(error**2)))
