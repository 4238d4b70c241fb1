"""Asking a network because a person wants it now: bounded, so that silent servers cannot take all threads."""

from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

from kaja.kernel.outside import TooManyWait, take_waiting_place
from kaja.kernel.problems import Problem, Refused, gettext_noop
from kaja.networks.kit.http import run_blocking
from kaja.workspaces.actor import Actor

T = TypeVar("T")

PER_PERSON, PER_WORKSPACE, PER_PROCESS = 4, 10, 60
"""How many may wait for networks at once, in one process."""


class TooMuchAtOnce(Refused):
    """As many as may wait for networks already."""

    status = 429


def ask_outside(actor: Actor, workspace_id: UUID, work: Callable[[], Awaitable[T]]) -> T:
    """Run one exchange with a network for a person. Called outside a scope. Raises TooMuchAtOnce."""
    person = actor.user_id or actor.id
    places = {f"person {person}": PER_PERSON, f"workspace {workspace_id}": PER_WORKSPACE, "process": PER_PROCESS}
    try:
        with take_waiting_place(places):
            return run_blocking(work)
    except TooManyWait as full:
        raise TooMuchAtOnce(
            Problem(
                code="networks_busy",
                message=gettext_noop("Several servers are being waited for already; this one was not asked."),
                fix=gettext_noop("Try again in half a minute, when one of them has answered or was given up."),
            )
        ) from full
