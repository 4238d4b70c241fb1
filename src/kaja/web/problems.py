"""Problems in the reader's language. UI and API render the same ones."""

from collections.abc import Mapping
from typing import Any, Protocol

from kaja.kernel.problems import Problem
from kaja.workspaces.wording import say


class Said(Protocol):
    """Anything with a message id and its values: a notice, for example."""

    message: str
    params: Any


AnyProblem = Problem | Mapping[str, Any] | Said


def _part(problem: AnyProblem, name: str) -> str:
    if isinstance(problem, Problem):
        text, params = getattr(problem, name), problem.params
    elif isinstance(problem, Mapping):
        text, params = str(problem.get(name) or ""), problem.get("params") or {}
    else:
        text, params = getattr(problem, name, ""), problem.params
    return say(str(text or ""), params)


def problem_text(problem: AnyProblem) -> str:
    """What happened, and what it means."""
    return _part(problem, "message")


def problem_fix(problem: AnyProblem) -> str:
    """What to do now; may be empty."""
    return _part(problem, "fix")


def problem_line(problem: AnyProblem) -> str:
    """Message and fix in one line."""
    return " ".join(part for part in (problem_text(problem), problem_fix(problem)) if part)


def render_problem_json(problem: Problem) -> dict[str, Any]:
    """A problem as the scripts of the pages show it."""
    return {
        "code": problem.code,
        "text": problem_text(problem),
        "fix": problem_fix(problem),
        "field": problem.field,
        "severity": problem.severity,
    }
