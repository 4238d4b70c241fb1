"""The operations, one module per thing."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest

from kaja.api.schemas import ProblemDocument
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import Workspace

Operation = Callable[..., Any]
WAITING: set[tuple[str, str]] = set()
"""Method and path (below the API's prefix) of operations that wait for something outside, or in which bytes move. The
gate lets them in without a transaction; they enter the workspace's scope themselves, for as long as they need it."""


def waits(method: str, path: str) -> Callable[[Operation], Operation]:
    """Mark an operation as one of WAITING."""
    WAITING.add((method, path.lstrip("/")))
    return lambda operation: operation


SHOWN_ONCE: set[tuple[str, str]] = set()
"""Method and path, in the same form, of operations whose answer holds a secret that is shown once. What is remembered
of it for a repeated request is sealed."""


def shown_once(method: str, path: str) -> Callable[[Operation], Operation]:
    """Mark an operation as one of SHOWN_ONCE."""
    SHOWN_ONCE.add((method, path.lstrip("/")))
    return lambda operation: operation


ERRORS: dict[Any, Any] = dict.fromkeys((400, 401, 403, 404, 409, 413, 415, 422, 429, 503), ProblemDocument)


def ok(schema: Any, status: int = 200) -> dict[Any, Any]:
    """The responses of an operation: one that worked, and the problems that any of them may answer."""
    return {status: schema, **ERRORS}


def actor_of(request: HttpRequest) -> Actor:
    """Who asks; the gate has let them in."""
    actor: Actor = request.bearer.actor  # type: ignore[attr-defined]
    return actor


def workspace_of(request: HttpRequest) -> Workspace:
    """The token's workspace."""
    workspace: Workspace = request.bearer.workspace  # type: ignore[attr-defined]
    return workspace
