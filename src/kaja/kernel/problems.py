"""What is wrong or risky, in a shape that can be shown in any language; and the refusals that carry it.

The floor under everything that has to say something to a person: connectors, workspaces, whatever stands above. So it
is plain Python: nothing of Django, and nothing of Kaja.

`message` and `fix` are English templates with %(name)s places; they are message ids of the translation catalogues, so
they must be literal strings marked with `gettext_noop` where they are written.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

Stored = dict[str, Any]


def gettext_noop(message: str) -> str:
    """Mark a message for translation without Django (the extractor knows the name)."""
    return message


def pgettext_noop(context: str, message: str) -> str:
    """The same for a word that means something else elsewhere."""
    return message


@dataclass(frozen=True)
class Problem:
    """One finding. `field` is a path such as `parts.0.text`, `parts.1.media.0.alt`, `options.title`, or empty."""

    code: str
    message: str
    field: str = ""
    fix: str = ""
    params: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    severity: Literal["error", "warning"] = "error"

    def text(self) -> str:
        """The message in English."""
        return self.message % self.params if self.params else self.message

    def at(self, field: str) -> "Problem":
        """The same of one field, which its words may name."""
        return dataclasses.replace(self, field=field, params={**self.params, "field": field})


def fill_params(problem: Problem, **params: Any) -> Problem:
    """The same problem with its places filled."""
    return dataclasses.replace(problem, params=params)


def render_problem(problem: Problem) -> Stored:
    """A problem as it stands in a row."""
    return {**dataclasses.asdict(problem), "params": {key: _plain(value) for key, value in problem.params.items()}}


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def parse_problem(stored: Mapping[str, Any]) -> Problem:
    """The inverse of `render_problem`; what an older version did not store stays at its default."""
    return Problem(
        code=stored["code"],
        message=stored["message"],
        field=stored.get("field", ""),
        fix=stored.get("fix", ""),
        params=stored.get("params", {}),
        severity=stored.get("severity", "error"),
    )


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
