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
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

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
