"""Worlds drawn from the model itself: for coverage, simulation-based calibration and speed.

The truth is known exactly, variance components included, so that nominal 90 % intervals can be checked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np

from kaja.brandhealth.arrays import Floats, Ints
from kaja.brandhealth.model.layout import M_MEAN, PHI, PULL
from kaja.brandhealth.model.ordinal import class_probabilities
from kaja.brandhealth.model.pairfit import joint_table
from kaja.brandhealth.model.share import SPIKE, STEADY, TREND_SD, steady_move
from kaja.brandhealth.model.transient import NO_PILE_ONS
from kaja.brandhealth.model.variance import ALL
from kaja.brandhealth.posts.counts import Counts, Pairs, make_pairs, name_groups, week_range

DEFAULT_TAU: dict[str, float] = {
    "mu": 0.08,
    "v": 0.06,
    "alpha": 0.5,
    "omega": 0.15,
    "delta": 0.3,
    "beta": 0.3,
    "sigma": 0.3,
    "nu": 0.06,
    "lambda": 0.2,
    "rho": 0.02,
    "xi": 0.1,
    "m": 0.15,
    "e": 0.15,
    "h": 0.08,
}


@dataclass(frozen=True)
class ModelWorld:
    """Size and truth of a world drawn from the model.

    ``votes`` expected votes in all; ``pair_authors`` author-weeks seen in two venues; ``labels`` hand labels per
    venue format (0: the classifier is perfect and the fit is told so); ``tau`` the standard deviations.
    ``from_prior`` draws them from the estimator's own prior instead (half of the worlds then have no pile-ons), as
    simulation-based calibration needs.
    """

    votes: float = 1e7
    weeks: int = 52
    formats: int = 5
    domains: int = 60
    topics: int = 10
    segments: int = 1
    pair_authors: int = 2000
    labels: int = 300
    tau: dict[str, float] = field(default_factory=lambda: dict(DEFAULT_TAU))
    noisiness_sd: float = 0.4
    rho_start: tuple[float, float] = (0.5, 0.5)
    log_g: tuple[float, float] = (-0.3, 0.2)
    start_level: float = 0.5
    transient_df: float = 3.0
    from_prior: bool = False


@dataclass(frozen=True)
class Drawn:
    """A drawn world: the counts, the true centred index (T,), and every true unknown by name."""

    counts: Counts
    index: Floats
    truth: dict[str, Floats]


def _ar1(rng: np.random.Generator, rows: int, weeks: int, sd: float) -> Floats:
    out = rng.normal(size=(rows, weeks)) * sd
    for t in range(1, weeks):
        out[:, t] = PHI * out[:, t - 1] + np.sqrt(1 - PHI**2) * out[:, t]
    return out


def _scales(rng: np.random.Generator, world: ModelWorld) -> dict[str, float]:
    if not world.from_prior:
        return world.tau
    tau = world.tau | {name: median * float(np.exp(sd * rng.normal())) for name, median, sd in ALL}
    return tau | ({"v": 0.0} if rng.random() < NO_PILE_ONS else {})


def _unknowns(rng: np.random.Generator, world: ModelWorld) -> dict[str, Floats]:
    tau, t, f = _scales(rng, world), world.weeks, world.formats
    mu = np.cumsum(np.append(rng.normal() * world.start_level, rng.normal(size=t - 1) * tau["mu"]))
    rho = np.cumsum(np.append(rng.normal(*world.rho_start), rng.normal(size=t - 1) * tau["rho"]))
    xi = rng.normal(size=f) * tau["xi"]
    # the estimator's own prior: a quarter each pure expression and pure selection, and an eighth moves steadily
    kind, late = rng.random(), rng.spawn(1)[0]  # a stream of its own: what was drawn before stays as it was
    trend = late.normal() * TREND_SD
    if kind > 1.0 - (1.0 - 2 * SPIKE) * STEADY:
        rho = rho + trend * steady_move(t)
    if kind < 2 * SPIKE:
        rho, xi = np.full(t, 1.0 if kind < SPIKE else 0.0), np.zeros(f)
    return {
        "mu": mu,
        "v": rng.standard_t(world.transient_df, size=t) * tau["v"],
        "alpha": rng.normal(size=f) * tau["alpha"],
        "omega": _ar1(rng, f, t, tau["omega"]),
        "delta": rng.normal(size=world.domains) * tau["delta"],
        "beta": rng.normal(size=world.topics) * tau["beta"],
        "sigma": rng.normal(size=world.segments) * tau["sigma"],
        "nu": _ar1(rng, world.segments, t, tau["nu"]),
        "lambda": rng.normal(size=f) * tau["lambda"],
        "log_g": np.array([rng.normal(*world.log_g)]),
        "rho": rho,
        "xi": xi,
        "m": rng.normal(size=(f, f)) * tau["m"],
        "m_mean": np.array([late.normal(*M_MEAN)]),
        "pull": np.array([late.normal(*PULL)]),
        "log_c": np.array([rng.normal(0.0, 0.3)]),
        "log_psi": np.array([rng.normal(1.5, 1.0)]),
        "e": rng.normal(size=(t, world.domains))
        * tau["e"]
        * np.exp(rng.normal(size=world.domains) * world.noisiness_sd),
        "h": rng.normal(size=(t, world.domains)) * tau["h"],
    }


def draw_matrices(rng: np.random.Generator, groups: int, labels: int) -> tuple[Floats, Floats | None]:
    """Confusion matrices (G, 3, 3) and hand labels (G, 3, 3) of a random sample; labels None when there are
    none.
    """
    if labels == 0:
        return np.repeat(np.eye(3)[None], groups, axis=0), None
    alpha = 5.0 * np.array([[0.7, 0.15, 0.15], [0.15, 0.7, 0.15], [0.15, 0.15, 0.7]])
    matrices = np.stack([np.stack([rng.dirichlet(4.0 * row) for row in alpha]) for _ in range(groups)])
    table = np.zeros((groups, 3, 3))
    for g in range(groups):
        for j, count in enumerate(rng.multinomial(labels, [0.3, 0.4, 0.3])):
            table[g, j] = rng.multinomial(count, matrices[g, j])
    return matrices, table


def draw_from_model(seed: int, world: ModelWorld | None = None) -> Drawn:
    """Draw truth and counts; the same seed and world give the same numbers."""
    world = world or ModelWorld()
    rng = np.random.default_rng(seed)
    u = _unknowns(rng, world)
    t, f, d, a, s = world.weeks, world.formats, world.domains, world.topics, world.segments
    domain_format = np.arange(d, dtype=np.int64) % f
    matrices, labels = draw_matrices(rng, f, world.labels)
    format_mix = np.exp(_ar1(rng, f, t, 0.5) + rng.normal(size=f)[:, None] * 0.5).T
    domain_size = np.exp(rng.normal(size=d))
    rate = format_mix[:, domain_format] * domain_size
    # the scale of the index is that of the votes' average log scale
    u["lambda"] -= np.bincount(domain_format, rate.sum(axis=0)) @ u["lambda"] / rate.sum()
    topic_mix = np.exp(rng.normal(size=a) + rng.normal(size=(t, a)) * 0.4)
    topic_mix /= topic_mix.sum(axis=1, keepdims=True)
    segment_mix = rng.dirichlet(np.full(s, 5.0))
    expected = rate[:, :, None, None] * topic_mix[:, None, :, None] * segment_mix
    size = rng.poisson(expected / expected.sum() * world.votes).reshape(-1)
    cell = np.flatnonzero(size)
    week, domain, topic, segment = (i.astype(np.int64) for i in np.unravel_index(cell, (t, d, a, s)))
    fmt = domain_format[domain]
    eta = (
        (u["mu"] + u["v"])[week]
        + (u["alpha"][:, None] + u["omega"])[fmt, week]
        + u["delta"][domain]
        + u["beta"][topic]
        + (u["sigma"][:, None] + u["nu"])[segment, week]
        + u["e"][week, domain]
    )
    p = class_probabilities(eta, np.exp(u["log_g"][0] + u["h"][week, domain]), u["lambda"][fmt])
    q = np.einsum("cj,cjk->ck", p, matrices[fmt])
    n = rng.multinomial(size[cell], q / q.sum(axis=1, keepdims=True)).astype(np.float64)
    names = name_groups(("format", f), ("domain", d), ("topic", a), ("segment", s))
    counts = Counts(
        week_range(date(2024, 1, 1), t),
        names[0],
        names[1],
        domain_format,
        names[2],
        names[3],
        names[0],
        week,
        domain,
        topic,
        segment,
        fmt,
        n,
        None,
        labels,
        rng.dirichlet(np.full(s, 5.0)),
    )
    pairs = _draw_pairs(rng, world, u, matrices, counts) if world.pair_authors and f > 1 else None
    counts = _with_pairs(counts, pairs)
    return Drawn(counts, true_index(counts, u), u | {"matrices": matrices})


def _with_pairs(counts: Counts, pairs: Pairs | None) -> Counts:
    from dataclasses import replace

    return replace(counts, pairs=pairs)


def _draw_pairs(
    rng: np.random.Generator, world: ModelWorld, u: dict[str, Floats], matrices: Floats, counts: Counts
) -> Pairs:
    t, f = world.weeks, world.formats
    kinds = [(i, j) for i in range(f) for j in range(i + 1, f)]
    rows = [(w, i, j) for w in range(t) for i, j in kinds]
    week, first, second = (np.array(c, dtype=np.int64) for c in zip(*rows, strict=True))
    size = rng.multinomial(world.pair_authors, np.full(len(rows), 1.0 / len(rows)))
    total = counts.n.sum(axis=1)
    effect = u["delta"][counts.domain] + u["beta"][counts.topic]
    key: Ints = counts.week * f + counts.format
    weight = np.bincount(key, total, minlength=t * f)
    offset = (np.bincount(key, total * effect, minlength=t * f) / np.maximum(weight, 1.0)).reshape(t, f)
    gap = u["alpha"][:, None] + u["omega"]

    def talk(fmt: Ints) -> Floats:
        return np.asarray(u["rho"][week] * gap[fmt, week] + u["xi"][fmt])

    base = (u["mu"] + u["v"])[week] + u["m_mean"] + u["m"][first, second]
    for fmt in (first, second):  # who goes to both carries what draws people to either
        base = base + u["pull"] / 2.0 * (gap[fmt, week] - talk(fmt))
    table = joint_table(
        base + talk(first) + offset[week, first],
        base + talk(second) + offset[week, second],
        float(np.exp(u["log_g"][0])),
        u["log_c"] + u["lambda"][first],
        u["log_c"] + u["lambda"][second],
        float(u["log_psi"][0]),
    )
    q = (np.swapaxes(matrices[first], 1, 2) @ table @ matrices[second]).reshape(-1, 9)
    n = rng.multinomial(size, q / q.sum(axis=1, keepdims=True)).reshape(-1, 3, 3).astype(np.float64)
    keep = size > 0
    return make_pairs(week[keep].tolist(), first[keep].tolist(), second[keep].tolist(), n[keep])


def true_index(counts: Counts, u: dict[str, Floats], share: float | None = None) -> Floats:
    """The centred index that the truth ``u`` implies, shape (T,); ``share`` as in ``index_value``."""
    mix, customer = counts.format_shares(), counts.segment_shares()
    gap = (u["alpha"][:, None] + u["omega"]).T
    talk = u["rho"][:, None] * gap + u["xi"] if share is None else share * gap
    value = u["mu"] + (mix * (gap - talk)).sum(axis=1) + customer @ (u["sigma"][:, None] + u["nu"])
    seen = np.bincount(counts.week, minlength=value.size) > 0
    return np.asarray(value - value[seen].mean(), dtype=np.float64)
