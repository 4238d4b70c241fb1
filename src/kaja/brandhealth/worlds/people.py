"""Hostile worlds: people, not the model, with the customer base's opinion known.

Customers of four segments hold an opinion; the extreme, the unhappy and 5 % of very active people speak more;
people choose a
venue by their opinion (selection) or talk differently in it (expression); venues grow and die; topics burst;
domains enter
and leave; cascades run through a domain for a week; a classifier errs by venue. The estimator is misspecified
on purpose.
Every world has an antithetic twin (seeds 2k and 2k + 1): the same accidents, the opinion path mirrored, so
that a measure that
tracks accidents cannot look good on average.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Literal

import numpy as np

from kaja.brandhealth.arrays import Floats, Ints
from kaja.brandhealth.model.ordinal import class_probabilities, expit, net
from kaja.brandhealth.posts.counts import Counts, Pairs, make_pairs, name_groups, week_range
from kaja.brandhealth.worlds.simulate import draw_matrices

Kind = Literal["expression", "selection", "mixed", "calm"]

# Quadrature over customers' own deviation from their segment (standard deviation 1), by activity class.
_Z: Final[Floats] = np.linspace(-3.5, 3.5, 21)
_Z_WEIGHT: Final[Floats] = np.exp(-0.5 * _Z**2) / np.exp(-0.5 * _Z**2).sum()
_ACTIVIST: Final = 0.05


@dataclass(frozen=True)
class PeopleWorld:
    """Size and hostility of a world. ``kind`` says why venues differ; ``calm``: nothing is wrong at all.

    ``votes`` in all; ``pair_authors`` author-weeks in two venues; ``labels`` hand labels per venue;
    ``share_drift``: the expression
    share moves from 1 to 0 over the period (kind ``mixed`` only); ``cross_shift`` (logit units):
    cross-posters' opinions differ from
    others' by this much.
    """

    kind: Kind = "mixed"
    votes: float = 1e7
    weeks: int = 52
    formats: int = 5
    domains: int = 60
    topics: int = 6
    segments: int = 4
    pair_authors: int = 2000
    labels: int = 300
    share_drift: bool = False
    cross_shift: float = 0.15


@dataclass(frozen=True)
class Lived:
    """A drawn people world.

    ``truth`` (T,) net favourability of the customer base; ``latent`` (T,) its mean opinion; ``naive`` (T,)
    the dashboard's mean over
    posts; ``share`` (T,) the true expression share.
    """

    counts: Counts
    truth: Floats
    latent: Floats
    naive: Floats
    share: Floats


@dataclass(frozen=True)
class _People:
    """Arrays over weeks t, segments s, activity i, deviation z: opinions (t, s, i, z) and how often each kind
    speaks.
    """

    u: Floats
    weight: Floats
    posts: Floats
    votes: Floats


def _walk(rng: np.random.Generator, rows: int, weeks: int, sd: float) -> Floats:
    """Random walks around zero with end-to-end standard deviation ``sd``, shape (rows, weeks)."""
    return np.asarray(np.cumsum(rng.normal(size=(rows, weeks)), axis=1) * sd / np.sqrt(weeks))


def _opinion_path(rng: np.random.Generator, weeks: int) -> Floats:
    """A smooth path of standard deviation 0.2: a walk, a season and a step."""
    t = np.arange(weeks)
    path = _walk(rng, 1, weeks, 1.0)[0] + 0.4 * np.sin(2 * np.pi * (t / 26 + rng.random()))
    path += rng.normal() * 0.6 * expit((t - rng.uniform(0.2, 0.8) * weeks).astype(np.float64))
    path = path - path.mean()
    return np.asarray(0.2 * path / path.std(), dtype=np.float64)


def _people(rng: np.random.Generator, world: PeopleWorld, sign: float) -> tuple[_People, Floats]:
    calm = world.kind == "calm"
    t, s = world.weeks, world.segments
    level = 0.2 + sign * _opinion_path(rng, t)
    own = rng.normal(size=s) * 0.4
    drift = _walk(rng, s, t, 0.08)
    share = rng.dirichlet(np.full(s, 6.0))
    rate = np.exp((0.0 if calm else 1.0) * (rng.normal(size=s) * 0.7 + _walk(rng, s, t, 1.4).T))
    u = (level[:, None] + own[None, :] + drift.T)[:, :, None, None] + np.zeros((1, 1, 2, 1)) + _Z
    if not calm:
        u[:, :, 1] -= 0.4  # very active people are less happy (Moe & Schweidel 2012)
    weight = share[None, :, None, None] * np.array([1 - _ACTIVIST, _ACTIVIST])[None, None, :, None] * _Z_WEIGHT
    speak = np.ones_like(u) if calm else np.exp(0.35 * np.abs(u) - 0.15 * u)
    lift = np.array([1.0, 1.0 if calm else 9.5])[None, None, :, None]
    posts = weight * rate[:, :, None, None] * speak * lift
    votes = weight * rate[:, :, None, None] * (1.0 - np.exp(-0.15 * speak * lift))
    return _People(u, np.broadcast_to(weight, u.shape), posts, votes), share


def draw_people(seed: int, world: PeopleWorld | None = None) -> Lived:
    """Draw a hostile world; seeds 2k and 2k + 1 are antithetic twins."""
    world = world or PeopleWorld()
    rng = np.random.default_rng([20140424, seed // 2])
    people, population = _people(rng, world, 1.0 if seed % 2 == 0 else -1.0)
    t, f, d, a = world.weeks, world.formats, world.domains, world.topics
    calm = world.kind == "calm"
    talk, pull, share = _venue_habits(rng, world)
    wild = 0.1 if calm else 1.2 * float(np.exp(rng.normal() * 0.9))
    growth = _walk(rng, f, t, wild).T + rng.normal(size=f) * 0.4
    choose = growth[:, None, None, None, :] + pull * (people.u - 0.2)[..., None]
    choose = np.exp(choose - choose.max(axis=-1, keepdims=True))
    choose /= choose.sum(axis=-1, keepdims=True)
    pile = np.zeros(t)
    if world.kind == "mixed":
        at = rng.choice(np.arange(2, t - 2), size=4, replace=False)
        pile[at], pile[at + 1] = -0.8, -0.3
    domain_format = np.arange(d, dtype=np.int64) % f
    domain_mix = _domain_mix(rng, world, domain_format)
    topic_mix = np.exp(rng.normal(size=a) * 0.7 + (0.0 if calm else 1.0) * rng.normal(size=(t, a)) * 0.4)
    bursts = rng.random((t, a)) < (0.0 if calm else 0.06)
    topic_mix = topic_mix * np.where(bursts, 8.0, 1.0)
    topic_mix /= topic_mix.sum(axis=1, keepdims=True)
    scale = 0.0 if calm else 1.0
    effects = {
        "domain": rng.normal(size=d) * 0.5 * scale,
        "topic": rng.normal(size=a) * 0.55 * scale,
        "shock": rng.standard_t(4, size=(t, d)) * 0.15 * np.exp(rng.normal(size=d) * 0.4) * scale,
        "g": 0.6 * np.exp(rng.normal(size=f) * 0.15 * scale),
        "noise": np.exp(rng.normal(size=f) * 0.1 * scale),
    }
    matrices, labels = draw_matrices(rng, f, world.labels)
    base = (talk + pile[:, None])[:, domain_format] + effects["domain"] + effects["shock"]
    counts, naive = _speak(
        rng, world, people, choose, base, domain_mix, topic_mix, effects, matrices, domain_format, pile
    )
    counts = replace(counts, labels=labels, population=population)
    if world.pair_authors:
        counts = replace(
            counts,
            pairs=_cross_posters(rng, world, people, choose, base, domain_mix, effects, matrices, domain_format),
        )
    p = class_probabilities(people.u, 0.6)
    truth = np.sum(people.weight * (p[..., 2] - p[..., 0]), axis=(1, 2, 3))
    return Lived(counts, truth, np.sum(people.weight * people.u, axis=(1, 2, 3)), naive, share)


def _venue_habits(rng: np.random.Generator, world: PeopleWorld) -> tuple[Floats, Floats, Floats]:
    """Talk (T, F): how people shift their tone in a venue; pull (T, 1, 1, 1, F): how opinion draws to it;
    share (T,).
    """
    t, f = world.weeks, world.formats
    tone = rng.normal(size=f)
    tone = (tone - tone.mean()) / tone.std()
    drift = _walk(rng, f, t, 0.15).T
    share = np.full(t, {"expression": 1.0, "selection": 0.0, "mixed": 0.5, "calm": 1.0}[world.kind])
    if world.share_drift:
        share = np.linspace(1.0, 0.0, t)
    strength = 0.0 if world.kind == "calm" else 1.0
    talk = strength * 1.1 * share[:, None] * tone + (0.0 if world.kind == "calm" else 1.0) * share[:, None] * drift
    pull = strength * 1.1 * (1.0 - share)[:, None, None, None, None] * tone
    return talk, pull, share


def _domain_mix(rng: np.random.Generator, world: PeopleWorld, domain_format: Ints) -> Floats:
    """Share of each domain within its format per week, shape (T, D); a third of them enter or leave."""
    t, d = world.weeks, world.domains
    size = np.exp(rng.normal(size=d)[None, :] + _walk(rng, d, t, 0.5).T)
    if world.kind != "calm":
        for k in range(world.formats, d):  # one domain per format always stays
            if rng.random() < 1 / 3:
                edge = int(rng.integers(min(4, t // 3), max(t - 4, t // 3 + 1)))
                size[slice(0, edge) if rng.random() < 0.5 else slice(edge, t), k] = 0.0
    total = np.stack([size[:, domain_format == k].sum(axis=1) for k in range(world.formats)], axis=1)
    return np.asarray(size / total[:, domain_format], dtype=np.float64)


def _speak(
    rng: np.random.Generator,
    world: PeopleWorld,
    people: _People,
    choose: Floats,
    base: Floats,
    domain_mix: Floats,
    topic_mix: Floats,
    effects: dict[str, Floats],
    matrices: Floats,
    domain_format: Ints,
    pile: Floats,
) -> tuple[Counts, Floats]:
    """Votes in cells, and the dashboard's naive mean over posts (which counts very active people as often as
    they post).
    """
    t, d, a, s = world.weeks, world.domains, world.topics, world.segments
    volume = np.where(pile < 0, 1.6, 1.0)
    week, domain, topic, segment = (i.ravel() for i in np.indices((t, d, a, s)))
    fmt = domain_format[domain]
    votes_by_kind = people.votes[..., None] * choose * volume[:, None, None, None, None]
    posts_by_kind = people.posts[..., None] * choose * volume[:, None, None, None, None]
    flat = (-1, 2 * _Z.size)
    vote_kind = np.moveaxis(votes_by_kind, -1, 2)[week, segment, fmt].reshape(flat)
    post_kind = np.moveaxis(posts_by_kind, -1, 2)[week, segment, fmt].reshape(flat)
    cell_mix = domain_mix[week, domain] * topic_mix[week, topic]
    u = people.u[week, segment].reshape(flat) + (base[week, domain] + effects["topic"][topic])[:, None]
    p = np.empty((*u.shape, 3))
    for k in range(world.formats):
        rows = fmt == k
        p[rows] = class_probabilities(u[rows], float(effects["g"][k]), float(np.log(effects["noise"][k])))
    expected_votes = vote_kind.sum(axis=1) * cell_mix
    size = rng.poisson(expected_votes / expected_votes.sum() * world.votes)
    seen = np.einsum("cz,czk->ck", vote_kind, p) / vote_kind.sum(axis=1, keepdims=True)
    q = np.einsum("cj,cjk->ck", seen, matrices[fmt])
    q /= q.sum(axis=1, keepdims=True)
    n = rng.multinomial(size, q).astype(np.float64)
    told = np.einsum("czk,cz->ck", p, post_kind) * cell_mix[:, None]
    told = np.einsum("cj,cjk->ck", told, matrices[fmt])
    by_week = np.stack([np.bincount(week, told[:, k], minlength=t) for k in range(3)], axis=1)
    posts = rng.poisson(by_week / by_week.sum() * world.votes * 2.0)
    naive = (posts[:, 2] - posts[:, 0]) / posts.sum(axis=1)
    keep = size > 0
    names = name_groups(("format", world.formats), ("domain", d), ("topic", a), ("segment", s))
    counts = Counts(
        week_range(date(2024, 1, 1), t),
        names[0],
        names[1],
        domain_format,
        names[2],
        names[3],
        names[0],
        week[keep],
        domain[keep],
        topic[keep],
        segment[keep],
        fmt[keep],
        n[keep],
    )
    return counts, np.asarray(naive, dtype=np.float64)


def _cross_posters(
    rng: np.random.Generator,
    world: PeopleWorld,
    people: _People,
    choose: Floats,
    base: Floats,
    domain_mix: Floats,
    effects: dict[str, Floats],
    matrices: Floats,
    domain_format: Ints,
) -> Pairs:
    """Draw authors with one vote in each of two formats in a week."""
    t, f, d = world.weeks, world.formats, world.domains
    u = (people.u + world.cross_shift).reshape(t, -1)
    votes, choice = people.votes.reshape(t, -1), choose.reshape(t, -1, f)
    kinds = [(i, j) for i in range(f) for j in range(i + 1, f)]
    weight = np.stack([votes * choice[:, :, i] * choice[:, :, j] for i, j in kinds], axis=1)
    drawn = rng.choice(weight.size, size=world.pair_authors, p=(weight / weight.sum()).ravel())
    week, kind, person = np.unravel_index(drawn, weight.shape)
    venue = np.array(kinds)[kind]
    opinion = u[week, person]
    reported = np.empty((world.pair_authors, 2), dtype=np.int64)
    for side in range(2):
        fmt = venue[:, side]
        for row in range(world.pair_authors):
            mix = domain_mix[week[row]] * (domain_format == fmt[row])
            domain = rng.choice(d, p=mix)
            topic = rng.integers(world.topics)
            eta = opinion[row] + base[week[row], domain] + effects["topic"][topic]
            p = class_probabilities(
                np.array([eta]), float(effects["g"][fmt[row]]), float(np.log(effects["noise"][fmt[row]]))
            )[0]
            q = p @ matrices[fmt[row]]
            reported[row, side] = rng.choice(3, p=q / q.sum())
    key = (week * len(kinds) + kind).astype(np.int64)
    used, place = np.unique(key, return_inverse=True)
    n = np.zeros((used.size, 3, 3))
    np.add.at(n, (place, reported[:, 0], reported[:, 1]), 1.0)
    pair = np.array(kinds)[used % len(kinds)]
    return make_pairs((used // len(kinds)).tolist(), pair[:, 0].tolist(), pair[:, 1].tolist(), n)


def on_index_scale(truth: Floats, width: float) -> Floats:
    """Customers' net favourability (T,) as an index would say it, centred: logit units of the posts' own scale.

    ``width`` is the fit's half width of the neutral zone. ``Lived.latent`` is no yardstick for an interval: people
    differ there by a standard deviation of 1, which no posts show apart, so that a logit of the index is worth about
    1.2 of its units.
    """
    grid = np.linspace(-10.0, 10.0, 20_001)
    location = np.interp(truth, net(grid, width), grid)
    return np.asarray(location - location.mean(), dtype=np.float64)
