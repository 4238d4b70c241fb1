"""One call from counts to everything that the report shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from kaja.brandhealth.arrays import Floats
from kaja.brandhealth.model.estimate import Posterior, Progress, fit_counts
from kaja.brandhealth.model.share import ShareWeights, summarise_share
from kaja.brandhealth.posts.counts import Counts
from kaja.brandhealth.reading.baselines import fixed_mix_net, naive_net
from kaja.brandhealth.reading.diagnose import Diagnostics, diagnose
from kaja.brandhealth.reading.index import Series, index_value, observed_weeks, read_index, to_net
from kaja.brandhealth.reading.survey import Fused, Survey, fuse, social_signal

Evidence = Literal["authors", "survey", "authors and survey", "none"]

CAUSES: Final = ("opinion", "topic", "venue mix", "who speaks", "pile-on", "noise")


@dataclass(frozen=True)
class Effect:
    """One estimated effect: ``kind`` (venue, domain, topic, segment), ``name``, mean and standard deviation
    in logit units, votes.
    """

    kind: str
    name: str
    mean: float
    sd: float
    votes: float


@dataclass(frozen=True)
class Share:
    """The expression share with its evidence: 1 all expression, 0 all selection; ``low``, ``high`` 90 %.

    ``start`` and ``end`` are the means in the first and last week; ``authors`` the number of author-weeks seen in two
    venues; ``weights`` the probabilities of the three explanations.
    """

    mean: float
    low: float
    high: float
    start: float
    end: float
    authors: float
    weights: ShareWeights


@dataclass(frozen=True)
class Opinion:
    """The answer. Weekly arrays have shape (T,).

    ``index`` is the measure (logit units, mean zero) where there is evidence on the expression share, else
    None; ``expression`` and
    ``selection`` are the two readings; ``band_low``, ``band_high`` enclose both readings' 90 % intervals.
    ``no_pile_ons`` is the probability that nothing was transient. ``net``, ``net_low``,
    ``net_high`` express the headline in net favourability (-1..1): the fused customer opinion with a survey,
    else the posts'
    own level. ``moved`` maps each of :data:`CAUSES` to its part of the posts' tone per week (logit units,
    mean zero);
    the parts add up to the tone.
    """

    counts: Counts
    posterior: Posterior
    evidence: Evidence
    index: Series | None
    expression: Series
    selection: Series
    band_low: Floats
    band_high: Floats
    net: Floats
    net_low: Floats
    net_high: Floats
    naive: Floats
    fixed_mix: Floats
    moved: dict[str, Floats]
    effects: tuple[Effect, ...]
    share: Share | None
    fused: Fused | None
    survey: Survey | None
    diagnostics: Diagnostics
    no_pile_ons: float
    notes: tuple[str, ...]


def measure_opinion(counts: Counts, survey: Survey | None = None, progress: Progress | None = None) -> Opinion:
    """Fit the model and read everything off it.

    ``survey`` needs one entry per week of ``counts`` (nan where there is no wave). Raises OpinionError for
    unusable input.
    """
    posterior = fit_counts(counts, progress)
    counts = posterior.counts
    with_authors = posterior.layout.has_pairs
    expression, selection = read_index(posterior, 1.0), read_index(posterior, 0.0)
    one_venue = posterior.layout.formats == 1
    index = read_index(posterior) if with_authors else expression if one_venue else None
    fused = None if survey is None else fuse(social_signal(posterior), survey)
    evidence: Evidence
    if with_authors:
        evidence = "authors and survey" if survey is not None else "authors"
    else:
        evidence = "survey" if survey is not None else "none"
    band_low = np.minimum(expression.low, selection.low)
    band_high = np.maximum(expression.high, selection.high)
    if index is not None:
        band_low, band_high = np.minimum(band_low, index.low), np.maximum(band_high, index.high)
    net, net_low, net_high = _headline(posterior, index, expression, selection, band_low, band_high, fused)
    return Opinion(
        counts,
        posterior,
        evidence,
        index,
        expression,
        selection,
        band_low,
        band_high,
        net,
        net_low,
        net_high,
        naive_net(counts),
        fixed_mix_net(counts),
        what_moved(posterior, index, expression),
        effects_of(posterior),
        _share(posterior),
        fused,
        survey,
        diagnose(posterior, index if index is not None else expression),
        posterior.split.no_pile_ons,
        counts.notes + _notes(counts, posterior, survey),
    )


def _headline(
    posterior: Posterior,
    index: Series | None,
    expression: Series,
    selection: Series,
    band_low: Floats,
    band_high: Floats,
    fused: Fused | None,
) -> tuple[Floats, Floats, Floats]:
    if fused is not None:
        return fused.mean, np.maximum(fused.low, -1.0), np.minimum(fused.high, 1.0)
    if index is not None:
        return tuple(to_net(posterior, s) for s in (index.mean, index.low, index.high))  # type: ignore[return-value]
    middle = (expression.mean + selection.mean) / 2.0
    return tuple(to_net(posterior, s) for s in (middle, band_low, band_high))  # type: ignore[return-value]


def what_moved(posterior: Posterior, index: Series | None, expression: Series) -> dict[str, Floats]:
    """Split the posts' weekly tone into causes, each centred, logit units, shape (T,); nan in weeks without
    votes.
    """
    layout, x, counts, blocks = posterior.layout, posterior.x, posterior.counts, posterior.blocks
    at, t = layout.at, layout.weeks
    votes = counts.n.sum(axis=1)
    total = np.bincount(counts.week, votes, minlength=t)

    def average(effect: Floats) -> Floats:
        out = np.full(t, np.nan)
        np.divide(np.bincount(counts.week, votes * effect, minlength=t), total, out=out, where=total > 0)
        return out

    fmt = counts.format
    venue = average(x[at["alpha"] + fmt] + x[at["omega"] + fmt * t + counts.week] + x[at["delta"] + counts.domain])
    speaker = average(x[at["sigma"] + counts.segment] + x[at["nu"] + counts.segment * t + counts.week])
    customer = counts.segment_shares()
    wanted = customer @ (x[layout.part("sigma")][:, None] + x[layout.part("nu")].reshape(layout.segments, t))
    share = None if layout.has_pairs else 1.0
    value, _ = index_value(posterior, share)
    by_venue = value - x[layout.part("mu")] - wanted  # what of the venues' difference counts as opinion
    # the common tone divides as averaged over how strong pile-ons are, not as at the mode
    moved_over = posterior.split.opinion - x[layout.part("mu")]
    parts = {
        "opinion": value + moved_over,
        "topic": average(x[at["beta"] + counts.topic]),
        "venue mix": venue - by_venue,
        "who speaks": speaker - wanted,
        "pile-on": x[layout.part("v")] - moved_over,
        "noise": average(posterior.shocks[blocks.cell_block, 0]),
    }
    assert tuple(parts) == CAUSES
    weight = observed_weeks(posterior)
    return {name: part - float(np.sum(weight * np.where(weight > 0, part, 0.0))) for name, part in parts.items()}


def effects_of(posterior: Posterior) -> tuple[Effect, ...]:
    """Venue, domain, topic and segment effects with their standard deviations and votes."""
    counts, layout = posterior.counts, posterior.layout
    votes = counts.n.sum(axis=1)
    out: list[Effect] = []
    for kind, part, names, index in (
        ("venue", "alpha", counts.formats, counts.format),
        ("domain", "delta", counts.domains, counts.domain),
        ("topic", "beta", counts.topics, counts.topic),
        ("segment", "sigma", counts.segments, counts.segment),
    ):
        size = np.bincount(index, votes, minlength=len(names))
        centre = np.eye(len(names)) - size / size.sum()
        grad = np.zeros((len(names), layout.size))
        grad[:, layout.part(part)] = centre
        mean = centre @ posterior.get(part)
        by_matrix = grad @ posterior.matrix_slope
        cov = grad @ posterior.covariance @ grad.T + by_matrix @ posterior.matrix_covariance @ by_matrix.T
        sd = np.sqrt(np.maximum(np.diag(cov), 0.0))
        out += [Effect(kind, n, float(m), float(s), float(v)) for n, m, s, v in zip(names, mean, sd, size, strict=True)]
    return tuple(out)


def _share(posterior: Posterior) -> Share | None:
    explained = posterior.explained
    if explained is None or posterior.counts.pairs is None:
        return None
    rho, told = explained.average, summarise_share(explained)
    return Share(
        told.mean,
        told.low,
        told.high,
        float(rho[0]),
        float(rho[-1]),
        posterior.counts.pairs.total,
        explained.weights,
    )


def _notes(counts: Counts, posterior: Posterior, survey: Survey | None) -> tuple[str, ...]:
    out: list[str] = []
    formats = len(counts.formats)
    if not posterior.layout.has_pairs and survey is None and formats > 1:
        out.append(
            "No author was seen in two venues in one week and there is no survey, so posts alone cannot "
            "tell whether venues "
            "differ because people talk differently there or because different people go there. The "
            "measure is a band "
            "between the two readings."
        )
    if survey is None:
        out.append(
            "Only the movement of this measure carries information about customers; its level is that of "
            "the posts. It is an "
            "estimate from social posts, not the customers' opinion itself."
        )
    if counts.labels is None:
        out.append("No hand labels: the classifier is taken at its word, and the intervals leave its errors out.")
    empty = len(counts.weeks) - int(np.unique(counts.week).size)
    if empty:
        out.append(f"{empty} of {len(counts.weeks)} weeks have no votes; there the measure is interpolated.")
    if not posterior.converged:
        out.append("The fit did not settle within its iterations: read the intervals as approximate.")
    return tuple(out)
