"""The fit with the expression share held at one or at zero: expression alone, or selection alone.

Share and tone are multiplied, so that what the fit at one share says of another far from it is no straight line: where
authors see no difference between two venues, either the share is nought or the venues hardly differ, and the tones that
suit are others. Given the share, hardly anything is curved. So the authors' table is fitted anew at either end, with
the cells as Gaussian as the fit found them: they do not know the share. A few steps of Newton's method, no pass over
the cells. Read off the fit at the free share instead, pure selection had a weight of .00 where full Bayes gave .16.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from kaja.brandhealth.arrays import Floats, Ints
from kaja.brandhealth.model.layout import Layout
from kaja.brandhealth.model.pairfit import PairData, pair_information, pair_value
from kaja.brandhealth.model.share import positions
from kaja.brandhealth.model.transient import Split, split_tone
from kaja.brandhealth.model.variance import Hyper

_STEPS: Final = 30
_HALVINGS: Final = 10
# A step that would gain less than this (log likelihood) ends the fit.
_GAIN: Final = 1e-4


@dataclass(frozen=True)
class Held:
    """A fit with ``share`` held in all weeks and no residuals.

    ``x`` (P,) and ``covariance`` (P, P) as in a posterior; ``matrix_slope`` (P, 6G) the change of ``x`` by the
    classifier matrices' logits; ``split`` opinion and pile-ons; ``gain``: the log likelihood of share and residuals
    here, everything else integrated out, less that at the free fit's mode.
    """

    share: float
    x: Floats
    covariance: Floats
    matrix_slope: Floats
    split: Split
    gain: float


@dataclass(frozen=True)
class _Around:
    """The objective around the free fit's mode ``x``: cells by gradient and Hessian, authors' table as it is.

    The prior of share and residuals is left out; ``rest`` are the positions of all other unknowns.
    """

    x: Floats
    gradient: Floats
    hessian: Floats
    precision: Floats
    weight: Floats
    matrices: Floats
    pairs: PairData
    layout: Layout
    rest: Ints

    def value(self, x: Floats) -> float:
        """The objective at ``x``."""
        step, at = x - self.x, positions(self.layout)
        z = (self.layout.whiten(x) - self.layout.centre)[at]
        prior = self.layout.prior_terms(x, self.weight)[0] + 0.5 * float(np.sum(self.weight[at] * z**2))
        cells = float(self.gradient @ step - 0.5 * step @ self.hessian @ step)
        return cells + prior + pair_value(x, self.matrices, self.pairs, self.layout)

    def slopes(self, x: Floats) -> tuple[Floats, Floats]:
        """Gradient and information of all unknowns but share and residuals."""
        _, slope, curve = pair_information(x, self.matrices, self.pairs, self.layout)
        prior = self.layout.prior_terms(x, self.weight)[1]
        gradient = self.gradient - self.hessian @ (x - self.x) + prior + slope
        information = self.hessian + self.precision + curve
        return gradient[self.rest], information[np.ix_(self.rest, self.rest)]

    def evidence(self, x: Floats) -> float:
        """Laplace's log evidence of share and residuals at ``x``, up to a constant."""
        root = np.linalg.cholesky(self.slopes(x)[1])
        return self.value(x) - float(np.sum(np.log(np.diag(root))))


def hold_share(
    x: Floats, gradient: Floats, hessian: Floats, matrices: Floats, pairs: PairData, hyper: Hyper, layout: Layout
) -> tuple[Held, ...]:
    """Fit with the share held at 1 and at 0, from the free fit's mode ``x`` (P,).

    ``gradient`` (P + 6G,) and ``hessian`` of the same shape squared are the free fit's, prior and authors included,
    with or without the matrices' logits at the end. An end at which the information is not positive is left out.
    """
    p, weight = layout.size, hyper.weights(layout)
    _, slope, curve = pair_information(x, matrices, pairs, layout)
    precision, rest = layout.precision(weight), np.setdiff1d(np.arange(p), positions(layout))
    around = _Around(
        x,
        gradient[:p] - layout.prior_terms(x, weight)[1] - slope,
        hessian[:p, :p] - precision - curve,
        precision,
        weight,
        matrices,
        pairs,
        layout,
        rest,
    )
    out = []
    for share in (1.0, 0.0):
        try:
            found = _held_mode(share, around)
            gain = around.evidence(found) - around.evidence(x)
        except np.linalg.LinAlgError:
            continue
        inverse = np.linalg.inv(around.slopes(found)[1])
        covariance = np.zeros((p, p))
        covariance[np.ix_(rest, rest)] = (inverse + inverse.T) / 2.0
        by_matrix = -covariance @ hessian[:p, p:]
        out.append(Held(share, found, covariance, by_matrix, split_tone(found, covariance, hyper, layout), gain))
    return tuple(out)


def _held_mode(share: float, around: _Around) -> Floats:
    """The best of all other unknowns with the share held."""
    layout = around.layout
    x = around.x.copy()
    x[layout.part("rho")], x[layout.part("xi")] = share, 0.0
    value = around.value(x)
    for _ in range(_STEPS):
        gradient, information = around.slopes(x)
        step = np.zeros(layout.size)
        step[around.rest] = np.linalg.solve(information, gradient)
        size = 1.0
        for _ in range(_HALVINGS):
            found = around.value(x + size * step)
            if found >= value - 1e-9:
                break
            size /= 2.0
        else:
            break
        x, value = x + size * step, found
        if size * float(gradient @ step[around.rest]) < _GAIN:
            break
    return x
