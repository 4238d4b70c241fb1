"""The old address of `kaja.kernel.problems` and `kaja.kernel.constraints`."""

from kaja.kernel.constraints import met_another, not_storable, refuse_duplicate, violated_constraint
from kaja.kernel.problems import Conflict, NotAllowed, NotFound, Refused

__all__ = [
    "Conflict",
    "NotAllowed",
    "NotFound",
    "Refused",
    "met_another",
    "not_storable",
    "refuse_duplicate",
    "violated_constraint",
]
