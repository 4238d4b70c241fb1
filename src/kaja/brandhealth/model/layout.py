"""Where each unknown of the model stands in one long vector, and its Gaussian prior.

    eta = mu_t + v_t + alpha_f + omega_ft + delta_d + beta_a + sigma_s + nu_st + e_td
    ell = lambda_f,     log threshold = log g + h_td

mu is a random walk, v a heavy-tailed transient (pile-on), omega and nu stationary AR(1), the rest
independent. The block
shocks (e, h) of each domain-week are eliminated analytically and are not part of the vector. The cross-venue
part has
the expression share rho_t (random walk), format residuals xi_f, the pairs' own mean m_0 + m_fg, its pull towards the
two venues' people, their log scale c and log odds ratio psi.

A prior is written in whitened form: row i of the vector has z_i = scale_i x_i + back_i x_pred(i) - centre_i
and
z_i ~ N(0, tau^2 / w_i), so that every variance component is diagonal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from kaja.brandhealth.arrays import Floats, Ints
from kaja.brandhealth.posts.counts import Counts

# Week-to-week memory of a venue's own tone and of a segment's own opinion (half-life of about 7 weeks).
PHI: Final = 0.9

# Variance components: name, prior median of the standard deviation, standard deviation of its logarithm.
# Logit units.
COMPONENTS: Final = (
    ("mu", 0.08, 0.6),
    ("v", 0.06, 0.6),
    ("alpha", 0.5, 0.5),
    ("omega", 0.15, 0.6),
    ("delta", 0.3, 0.5),
    ("beta", 0.3, 0.5),
    ("sigma", 0.3, 0.5),
    ("nu", 0.06, 0.6),
    ("rho", 0.02, 0.8),
    ("xi", 0.1, 0.6),
    ("m", 0.15, 0.5),
)
NAMES: Final = tuple(name for name, _, _ in COMPONENTS)

# Priors of the scalars: mean and standard deviation.
START_LEVEL: Final = (0.0, 2.0)
LOG_G: Final = (-0.3, 0.7)
RHO: Final = (0.5, 0.5)
# The mean of all cross-posters, and how far people seen in two venues carry what draws to either (1: the mean of both
# venues' people, 2: the sum). Worlds of people with logit choices of venue, development seeds, gave 1.0 to 1.7.
M_MEAN: Final = (0.0, 0.5)
PULL: Final = (1.2, 0.3)
LOG_C: Final = (0.0, 0.3)
LOG_PSI: Final = (1.5, 1.0)
# Log scale of a format against the others: fixed, because a handful of formats cannot inform a standard
# deviation.
LAMBDA_SD: Final = 0.2
# The formats' log scales average to zero over the votes (precision of the tie): a common scale of everything
# is not
# identified, and a joint mode would shrink it without end.
SCALE_TIE: Final = 1e5


@dataclass(frozen=True)
class Layout:
    """Positions in the core vector (length ``size``) and the whitened prior of each position.

    ``comp`` is the index into :data:`COMPONENTS`, -1 for a fixed prior of standard deviation ``fixed``.
    ``has_pairs`` says whether the cross-venue part is there. ``votes`` (F,) is each format's share of the
    votes.
    """

    weeks: int
    formats: int
    domains: int
    topics: int
    segments: int
    groups: int
    has_pairs: bool
    at: dict[str, int]
    size: int
    scale: Floats
    back: Floats
    pred: Ints
    centre: Floats
    comp: Ints
    fixed: Floats
    pair_types: tuple[tuple[int, int], ...]
    votes: Floats

    def part(self, name: str) -> slice:
        """The slice of one family of unknowns, for example ``part("alpha")``."""
        names = list(self.at)
        i = names.index(name)
        stop = self.at[names[i + 1]] if i + 1 < len(names) else self.size
        return slice(self.at[name], stop)

    def whiten(self, x: Floats) -> Floats:
        """Apply the whitening along the first axis (without the centre)."""
        shape = (-1,) + (1,) * (x.ndim - 1)
        return np.asarray(self.scale.reshape(shape) * x + self.back.reshape(shape) * x[self.pred], dtype=np.float64)

    def precision(self, weight: Floats) -> Floats:
        """The prior precision matrix (size, size) for whitened precisions ``weight`` (size,)."""
        q = np.zeros((self.size, self.size))
        i = np.arange(self.size)
        np.add.at(q, (i, i), weight * self.scale**2)
        chained = np.flatnonzero(self.back != 0.0)
        p, w = self.pred[chained], weight[chained]
        np.add.at(q, (p, p), w * self.back[chained] ** 2)
        cross = w * self.back[chained] * self.scale[chained]
        np.add.at(q, (chained, p), cross)
        np.add.at(q, (p, chained), cross)
        scales = self.part("lambda")
        q[scales, scales] += SCALE_TIE * np.outer(self.votes, self.votes)
        return q

    def prior_terms(self, x: Floats, weight: Floats) -> tuple[float, Floats]:
        """Log prior density (up to a constant) and its gradient, shape (size,)."""
        z = self.whiten(x) - self.centre
        scales = self.part("lambda")
        total = float(self.votes @ x[scales])
        gradient = -self._unwhiten(weight * z)
        gradient[scales] -= SCALE_TIE * total * self.votes
        return -0.5 * float(np.sum(weight * z**2)) - 0.5 * SCALE_TIE * total**2, gradient

    def _unwhiten(self, wz: Floats) -> Floats:
        out = self.scale * wz
        np.add.at(out, self.pred, self.back * wz)
        return np.asarray(out, dtype=np.float64)


def make_layout(counts: Counts, has_pairs: bool) -> Layout:
    """Lay out the unknowns for these counts."""
    t, f, s = len(counts.weeks), len(counts.formats), len(counts.segments)
    pair_types: tuple[tuple[int, int], ...] = ()
    if has_pairs and counts.pairs is not None:
        pair_types = tuple(
            sorted({(int(a), int(b)) for a, b in zip(counts.pairs.first, counts.pairs.second, strict=True)})
        )
    sizes = {
        "mu": t,
        "v": t,
        "omega": f * t,
        "nu": s * t,
        "alpha": f,
        "delta": len(counts.domains),
        "beta": len(counts.topics),
        "sigma": s,
        "lambda": f,
        "log_g": 1,
        "rho": t if has_pairs else 0,
        "xi": f if has_pairs else 0,
        "m": len(pair_types),
        "m_mean": 1 if has_pairs else 0,
        "pull": 1 if has_pairs else 0,
        "log_c": 1 if has_pairs else 0,
        "log_psi": 1 if has_pairs else 0,
    }
    at: dict[str, int] = {}
    size = 0
    for name, length in sizes.items():
        at[name] = size
        size += length
    scale, back, centre, fixed = np.ones(size), np.zeros(size), np.zeros(size), np.ones(size)
    pred, comp = np.zeros(size, dtype=np.int64), np.full(size, -1, dtype=np.int64)
    for name in NAMES:
        comp[at[name] : at[name] + sizes[name]] = NAMES.index(name)

    def chain(start: int, length: int, phi: float) -> None:
        i = np.arange(start + 1, start + length)
        back[i], pred[i] = -phi, i - 1
        if phi < 1.0:  # stationary AR(1): tau is the marginal standard deviation, not the innovation's
            scale[i] /= np.sqrt(1 - phi**2)
            back[i] /= np.sqrt(1 - phi**2)

    def scalar(position: int, prior: tuple[float, float]) -> None:
        comp[position], centre[position], fixed[position] = -1, prior[0], prior[1]

    fixed[at["lambda"] : at["lambda"] + f] = LAMBDA_SD
    votes = np.bincount(counts.format, counts.n.sum(axis=1), minlength=f)
    chain(at["mu"], t, 1.0)
    scalar(at["mu"], START_LEVEL)
    scalar(at["log_g"], LOG_G)
    for k in range(f):
        chain(at["omega"] + k * t, t, PHI)
    for k in range(s):
        chain(at["nu"] + k * t, t, PHI)
    if has_pairs:
        chain(at["rho"], t, 1.0)
        scalar(at["rho"], RHO)
        scalar(at["m_mean"], M_MEAN)
        scalar(at["pull"], PULL)
        scalar(at["log_c"], LOG_C)
        scalar(at["log_psi"], LOG_PSI)
    return Layout(
        t,
        f,
        len(counts.domains),
        len(counts.topics),
        s,
        len(counts.groups),
        has_pairs,
        at,
        size,
        scale,
        back,
        pred,
        centre,
        comp,
        fixed,
        pair_types,
        votes / votes.sum(),
    )
