"""What an action may refuse, and how it says so. UI, API and CLI render the same problems."""

from collections.abc import Sequence

from kaja.networks.kit.problems import Problem


class Refused(Exception):
    """The action did not happen; `problems` says why and what to do. Nothing was changed."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(problem.text() for problem in problems))
        self.problems: Sequence[Problem] = problems


class NotAllowed(Refused):
    """The actor may not do this."""


class NotFound(Refused):
    """There is no such thing in this workspace."""


class Conflict(Refused):
    """Somebody else changed the thing meanwhile."""
