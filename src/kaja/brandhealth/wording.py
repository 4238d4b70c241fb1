"""The report's sentences: what a marketer reads, each with the number that an academic checks."""

from __future__ import annotations

from kaja.brandhealth.analysis import Opinion
from kaja.brandhealth.validate import Validation


def headline(opinion: Opinion) -> str:
    """What the report's main line is, in one sentence."""
    if opinion.fused is not None:
        return "Customer opinion: your survey, sharpened by the posts as far as they follow it."
    if opinion.index is None:
        return "A band, not a line: posts alone cannot say which of two readings is right."
    return (
        "A social-media estimate of how opinion moves, with venue, topic, audience and classifier taken into account."
    )


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


def paragraphs(opinion: Opinion) -> tuple[str, ...]:
    """All sentences in the report's order."""
    return (
        share_sentence(opinion),
        labels_sentence(opinion),
        survey_sentence(opinion),
        fit_sentence(opinion),
        *opinion.notes,
    )


def validation_lines(result: Validation, period: str) -> list[str]:
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
