"""The report's sentences: what a marketer reads, each with the number that an academic checks."""

from __future__ import annotations

import numpy as np

from kaja.brandhealth.reading.analysis import Opinion
from kaja.brandhealth.reading.index import Z90, Series
from kaja.brandhealth.reading.validate import Validation

# Weeks averaged at either end for "did opinion change over the period?".
_END = 4
# A pile-on is named when it moved the posts' tone by at least this much (logit units) and likely exists at all.
_NAMED_PILE_ON = 0.25


def write_headline(opinion: Opinion) -> str:
    """What the report's main line is, in one sentence."""
    if opinion.fused is not None:
        return "Customer opinion: your survey, sharpened by the posts as far as they follow it."
    if opinion.index is None:
        return "A band, not a line: posts alone cannot say which of two readings is right."
    return (
        "A social-media estimate of how opinion moves, with venue, topic, audience and classifier taken into account."
    )


def change_sentence(opinion: Opinion) -> str:
    """Did opinion change from the first weeks to the last, and is that more than noise?"""
    weeks = opinion.counts.weeks
    span = min(_END, len(weeks) // 2)
    if opinion.index is None or span == 0:
        return "Read only what the whole band says: a rise or fall inside it may be an artefact of the venue mix."
    first, last = np.zeros(len(weeks)), np.zeros(len(weeks))
    first[:span], last[-span:] = 1.0 / span, 1.0 / span
    by = float((last - first) @ opinion.index.mean)
    variance = float((last - first) @ opinion.index.covariance @ (last - first))
    half = Z90 * float(np.sqrt(max(variance, 0.0)))
    net = float((last - first) @ opinion.net)
    ends = f"the first {span} weeks" if span > 1 else "the first week"
    ends += f" to the last {span}" if span > 1 else " to the last"
    if abs(by) < half:
        told = f"From {ends}, opinion moved by {net:+.2f} net: within the noise, so read it as no change."
    else:
        way = "rose" if by > 0 else "fell"
        told = f"From {ends}, opinion {way} by {abs(net):.2f} net favourability, which is more than noise."
    return told + _range(opinion, opinion.index)


def _range(opinion: Opinion, index: Series) -> str:
    """Where opinion stood highest and lowest, when the two can be told apart."""
    high, low = int(np.argmax(index.mean)), int(np.argmin(index.mean))
    cov = index.covariance
    sd = float(np.sqrt(max(cov[high, high] + cov[low, low] - 2.0 * cov[high, low], 0.0)))
    if index.mean[high] - index.mean[low] < 2.0 * Z90 * sd:  # the extremes of many weeks differ by more than any two
        return " No week stands out from the noise."
    weeks = opinion.counts.weeks
    return f" It stood highest in the week of {weeks[high]} and lowest in the week of {weeks[low]}."


def pile_on_sentences(opinion: Opinion) -> tuple[str, ...]:
    """The bursts that moved the posts but not the measure, the three largest."""
    burst = np.nan_to_num(opinion.moved["pile-on"])
    if opinion.no_pile_ons > 0.5 or np.abs(burst).max() < _NAMED_PILE_ON:
        return ()
    largest = [t for t in np.argsort(-np.abs(burst))[:3].tolist() if abs(burst[t]) >= _NAMED_PILE_ON]
    named = " and ".join(f"{opinion.counts.weeks[t]} ({burst[t]:+.1f})" for t in sorted(largest))
    kind = "a short burst" if len(largest) == 1 else "short bursts"
    return (f"What looks like {kind}, in the week of {named} logits, moved the posts and was left out of the measure.",)


def share_sentence(opinion: Opinion) -> str:
    """Do venues differ because people talk differently there, or because different people go there?"""
    share = opinion.share
    if share is not None:
        leaning = "mostly by how people talk there"
        if share.low <= 0.5:
            leaning = "mostly by who goes there" if share.high < 0.5 else "by both how people talk and who goes there"
        moving = ""
        if abs(share.end - share.start) > 0.25:
            moving = f" It moved from {share.start:.2f} to {share.end:.2f} over the period."
        return (
            f"Venues differ {leaning}: expression share {share.mean:.2f} (90 % {share.low:.2f} to "
            f"{share.high:.2f}), "
            f"from {share.authors:,.0f} cases of one author in two venues in one week.{moving}"
        )
    if opinion.fused is not None and len(opinion.counts.formats) > 1:
        told = f"{opinion.fused.share:.2f}"
        return f"No author was seen in two venues; the survey puts the expression share near {told}, weakly."
    if len(opinion.counts.formats) == 1:
        return "There is one venue format, so nothing depends on why venues differ."
    return (
        "Nobody was seen in two venues in one week and there is no survey, so the expression share is "
        "unknown: the band covers "
        "everything from 'people talk differently there' to 'different people go there'."
    )


def labels_sentence(opinion: Opinion) -> str:
    """How many hand labels would halve the error."""
    plan = opinion.diagnostics.labels
    if plan is None:
        return (
            "There are no hand labels. About 300 per venue, drawn at random, let the classifier's errors be corrected."
        )
    part = f"The classifier's errors, known from {plan.labels:,.0f} labels, make "
    part += f"{plan.error_share:.0%} of the variance."
    four = f" {plan.to_halve_label_error:,.0f} labels would halve that part of the error"
    if plan.to_halve_error is None:
        return part + four + "; no number of labels would halve the whole error, because most of it has other causes."
    return part + four + f"; {plan.to_halve_error:,.0f} would halve the whole error."


def survey_sentence(opinion: Opinion) -> str:
    """What the survey was worth, or what one would give."""
    if opinion.fused is None:
        return "Any survey, even 16 answers a week, would give this measure its level and its scale."
    alone, both = float(opinion.fused.alone_sd.mean()), float(opinion.fused.sd.mean())
    return (
        f"The survey alone knows opinion to {alone:.3f} (net, standard deviation); with the posts "
        f"{both:.3f}. The posts are "
        f"irrelevant with probability {opinion.fused.weight_survey_only:.0%}."
    )


def fit_sentence(opinion: Opinion) -> str:
    """Size and health of the fit."""
    d = opinion.diagnostics
    settled = "settled" if d.converged else "did NOT settle"
    return (
        f"{d.votes:,.0f} votes in {d.cells:,} cells over {len(opinion.counts.weeks)} weeks. The fit "
        f"{settled} after "
        f"{d.iterations} steps; cells scatter {d.dispersion:.2f} times as much as the model expects (1 is "
        "ideal)."
    )


def sections(opinion: Opinion) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The report's sentences under their headings: findings first, then how sure, then the fit."""
    return (
        ("In short", (change_sentence(opinion), *pile_on_sentences(opinion), share_sentence(opinion))),
        ("How far to trust it", (*opinion.notes, labels_sentence(opinion), survey_sentence(opinion))),
        ("The fit", (fit_sentence(opinion),)),
    )


def write_paragraphs(opinion: Opinion) -> tuple[str, ...]:
    """All sentences in the report's order."""
    return tuple(sentence for _, sentences in sections(opinion) for sentence in sentences)


def write_validation(result: Validation, period: str) -> list[str]:
    """The honest protocol's outcome as lines of text."""
    lines = [
        f"{result.periods} {period}s, lag {result.lag}; first half calibrates, second half scores.",
        f"{'measure':<22}{'levels r [90 %]':<24}{'p shift/placebo':<18}"
        f"{'changes r [90 %]':<24}{'p shift/placebo':<18}error",
    ]
    for score in result.scores:
        cells = ""
        for c in (score.levels, score.differences):
            cells += f"{f'{c.r:+.2f} [{c.low:+.2f}, {c.high:+.2f}]':<24}{f'{c.p_shift:.3f}/{c.p_placebo:.3f}':<18}"
        lines.append(f"{score.name:<22}{cells}{score.rmse:.4g}")
    lines += [
        f"{'constant':<106}{result.constant_rmse:.4g}",
        f"{'last value':<106}{result.last_rmse:.4g}",
        result.verdict,
    ]
    return lines
