"""What an action may refuse, and how it says so. UI, API and CLI render the same problems."""

from collections.abc import Sequence
from typing import ClassVar

from kaja.networks.kit.problems import Problem


class Refused(Exception):
    """The action did not happen; `problems` says why and what to do. Nothing was changed.

    How a class of refusals is answered stands here and nowhere else: `status` is HTTP's, on the screen and in the API;
    `exit_code` is the command line's (docs/operations.md lists them).
    """

    status: ClassVar[int] = 422
    exit_code: ClassVar[int] = 1

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(problem.text() for problem in problems))
        self.problems: Sequence[Problem] = problems


class NotAllowed(Refused):
    """The actor may not do this."""

    status = 403
    exit_code = 7


class NotFound(Refused):
    """There is no such thing in this workspace."""

    status = 404
    exit_code = 8


class Conflict(Refused):
    """Somebody else changed the thing meanwhile."""

    status = 409
    exit_code = 9
