"""Ordered-logit class probabilities, and what a classifier makes of them.

An opinion ``eta`` on the latent scale becomes one of three classes (negative, neutral, positive) by two
thresholds
``-g`` and ``+g`` and logistic noise of scale ``exp(ell)``:

    P(negative) = expit((-g - eta) / exp(ell)),   P(positive) = expit((eta - g) / exp(ell)).

The classifier then reports class ``k`` for true class ``j`` with probability ``M[j, k]``.
Source: McCullagh, Regression models for ordinal data, JRSS B 42 (1980).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from kaja.brandhealth.arrays import Floats

CLASSES: Final = ("negative", "neutral", "positive")

# Keeps log and division finite when a matrix row gives a class no chance at all; far below any count's
# resolution.
TINY: Final = 1e-12

# The two free softmax positions of each row of a 3x3 matrix; the diagonal is the reference (logit 0).
_FREE: Final = ((1, 2), (0, 2), (0, 1))


def expit(x: Floats) -> Floats:
    """Logistic function, safe for any finite input (clipped at +-40, where it is 0 or 1 for our purposes)."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(x, -40.0, 40.0))), dtype=np.float64)


def class_probabilities(eta: Floats, g: Floats | float, ell: Floats | float = 0.0) -> Floats:
    """Return the probabilities of (negative, neutral, positive), shape ``eta.shape + (3,)``.

    ``eta`` is the latent opinion (logit units), ``g`` > 0 the half width of the neutral zone, ``ell`` the log
    scale.
    """
    inv = np.exp(-np.asarray(ell, dtype=np.float64))
    negative = expit((-g - eta) * inv)
    positive = expit((eta - g) * inv)
    return np.stack([negative, np.maximum(1.0 - negative - positive, 0.0), positive], axis=-1)


def class_derivatives(eta: Floats, g: Floats | float, ell: Floats | float = 0.0) -> tuple[Floats, Floats]:
    """Return the probabilities and their derivatives by (eta, ell, log g).

    Shapes: probabilities ``eta.shape + (3,)``; derivatives ``eta.shape + (3, 3)``, the second-last axis is
    the parameter.
    """
    inv = np.exp(-np.asarray(ell, dtype=np.float64))
    low, high = (-g - eta) * inv, (eta - g) * inv
    negative, positive = expit(low), expit(high)
    p = np.stack([negative, np.maximum(1.0 - negative - positive, 0.0), positive], axis=-1)
    dneg, dpos = negative * (1.0 - negative), positive * (1.0 - positive)
    out = np.empty((*p.shape[:-1], 3, 3))
    out[..., 0, 0], out[..., 0, 2] = -dneg * inv, dpos * inv
    out[..., 1, 0], out[..., 1, 2] = -dneg * low, -dpos * high
    out[..., 2, 0], out[..., 2, 2] = -dneg * inv * g, -dpos * inv * g
    out[..., 1] = -out[..., 0] - out[..., 2]
    return p, out


def net(eta: Floats, g: float) -> Floats:
    """Net favourability P(positive) - P(negative), between -1 and 1, of a latent opinion."""
    p = class_probabilities(np.asarray(eta, dtype=np.float64), g)
    return np.asarray(p[..., 2] - p[..., 0], dtype=np.float64)


def matrices_from_logits(z: Floats) -> Floats:
    """Turn free logits, shape (G, 6), into row-stochastic confusion matrices, shape (G, 3, 3)."""
    full = np.zeros((z.shape[0], 3, 3))
    for j, free in enumerate(_FREE):
        for position, k in enumerate(free):
            full[:, j, k] = z[:, 2 * j + position]
    full -= full.max(axis=2, keepdims=True)
    e = np.exp(full)
    return np.asarray(e / e.sum(axis=2, keepdims=True), dtype=np.float64)


def logits_from_matrices(m: Floats) -> Floats:
    """Inverse of :func:`matrices_from_logits`; every entry must be positive."""
    z = np.empty((m.shape[0], 6))
    for j, free in enumerate(_FREE):
        for position, k in enumerate(free):
            z[:, 2 * j + position] = np.log(m[:, j, k]) - np.log(m[:, j, j])
    return z


def matrix_tangent(m: Floats) -> Floats:
    """Derivative of each matrix by its six logits: shape (G, 6, 3, 3), ``[g, r, j, k] = dM[g, j, k] / dz[g,
    r]``.
    """
    out = np.zeros((m.shape[0], 6, 3, 3))
    for j, free in enumerate(_FREE):
        for position, at in enumerate(free):
            for k in range(3):
                out[:, 2 * j + position, j, k] = m[:, j, at] * ((1.0 if k == at else 0.0) - m[:, j, k])
    return out


def dirichlet_covariance(alpha: Floats) -> Floats:
    """Covariance of the six logits of each matrix whose rows are Dirichlet(alpha), shape (G, 6, 6).

    In logit space the Dirichlet density is prod M^alpha, so its mode is the posterior mean of the matrix and
    its information
    is that of alpha multinomial draws.
    """
    m = alpha / alpha.sum(axis=2, keepdims=True)
    tangent = matrix_tangent(m)
    weight = alpha.sum(axis=2, keepdims=True) / np.maximum(m, TINY)
    information = np.einsum("grjk,gsjk,gjk->grs", tangent, tangent, np.broadcast_to(weight, m.shape))
    return np.asarray(np.linalg.inv(information), dtype=np.float64)


def matrix_posterior(labels: Floats) -> Floats:
    """Dirichlet parameters (G, 3, 3) of each confusion matrix given hand labels (G, 3, 3), true by reported
    class.

    The prior is worth five labels per true class and is centred on all groups' labels together, so that a
    group with few
    labels leans on the others.
    """
    generic = 5.0 * np.array([[0.7, 0.15, 0.15], [0.15, 0.7, 0.15], [0.15, 0.15, 0.7]])
    pooled = generic + labels.sum(axis=0)
    return np.asarray(labels + 5.0 * pooled / pooled.sum(axis=1, keepdims=True), dtype=np.float64)


# A venue's reported votes are weighed as this many at most when they bear on what its matrix can be.
_REPORTED: Final = 300.0
# Votes from which a week's reported shares are taken to be known.
_ENOUGH: Final = 100.0
# The least share that every true class must be able to have over the whole period, and prior votes that keep it so.
_LEAST_SHARE: Final = 0.02
_PRIOR_VOTES: Final = 4.0


def possible_matrices(alpha: Floats, reported: Floats) -> Floats:
    """Dirichlet parameters (G, 3, 3) moved as little as it takes for the reported votes to be possible at all.

    ``alpha`` (G, 3, 3) comes from the hand labels, ``reported`` (T, G, 3) are the votes. No mix of true classes
    passes through a matrix to shares outside the triangle of its rows. Where a few hundred labels say that the
    reported votes lie outside, the labels' sampling error is the reason; taken at their word, the fit would flee to
    opinions without end. Inside the triangle nothing moves.
    """
    out = alpha.copy()
    for g in range(alpha.shape[0]):
        total = reported[:, g].sum(axis=0)
        if total.sum() == 0.0:
            continue
        weeks = reported[reported[:, g].sum(axis=1) >= _ENOUGH, g]
        sets = np.concatenate([total[None], weeks])
        share = sets / sets.sum(axis=1, keepdims=True)
        mean = alpha[g] / alpha[g].sum(axis=1, keepdims=True)
        if abs(float(np.linalg.det(mean))) > 1e-6:
            implied = share @ np.linalg.inv(mean)
            if implied[0].min() >= _LEAST_SHARE and implied.min() >= 0.0:
                continue
        moved = _reconcile(mean, alpha[g], share * np.minimum(sets.sum(axis=1, keepdims=True), _REPORTED))
        out[g] = alpha[g].sum(axis=1, keepdims=True) * moved
    return out


def _reconcile(matrix: Floats, alpha: Floats, votes: Floats) -> Floats:
    """Mode of the matrix given labels ``alpha`` and sets of reported ``votes`` (S, 3) whose true shares are free."""
    true = np.full(votes.shape, 1.0 / 3.0)
    prior = np.zeros(votes.shape)
    prior[0] = _PRIOR_VOTES
    for _ in range(3000):
        told = votes / np.maximum(true @ matrix, TINY)
        by_class = true * (told @ matrix.T) + prior
        new = matrix * (true.T @ told) + alpha
        new /= new.sum(axis=1, keepdims=True)
        true = by_class / by_class.sum(axis=1, keepdims=True)
        if float(np.abs(new - matrix).max()) < 1e-7:
            return np.asarray(new, dtype=np.float64)
        matrix = new
    return np.asarray(matrix, dtype=np.float64)
