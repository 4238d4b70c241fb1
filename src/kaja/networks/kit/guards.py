"""What every connector does alike around its calls: from exceptions to what the delivery engine is told."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import replace
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit.connector import ConnectRefused
from kaja.networks.kit.egress import AnswerLost, TransportError
from kaja.networks.kit.image_rules import ImageRefused
from kaja.networks.kit.outcome import GONE, SOON, Failure, wait_of
from kaja.networks.kit.results import (
    CannotTell,
    Changed,
    ChangeResult,
    ChannelTrouble,
    Later,
    Rejected,
    Unknown,
)

P = ParamSpec("P")
T = TypeVar("T")


class Failed(Exception):
    """A call did not succeed; `result` is what the delivery engine is told, `lost` that no answer came."""

    def __init__(self, result: Failure, *, lost: bool = False) -> None:
        super().__init__(problem_of(result).code)
        self.result = result
        self.lost = lost

    @property
    def problem(self) -> Problem:
        return problem_of(self.result)

    @property
    def gone(self) -> bool:
        """Whether the network said that what was asked for does not exist."""
        return isinstance(self.result, Rejected) and self.result.problem.code == GONE


def problem_of(result: Failure) -> Problem:
    """What a failure says."""
    return result.reason if isinstance(result, Later | Unknown) else result.problem


def looking(find: Callable[P, Awaitable[T]]) -> Callable[P, Coroutine[Any, Any, T | CannotTell]]:
    """For looks at the network: what is in their way tells nothing."""

    @wraps(find)
    async def guarded(*args: P.args, **kwargs: P.kwargs) -> T | CannotTell:
        try:
            return await find(*args, **kwargs)
        except Failed as failed:
            return CannotTell(failed.problem, after=wait_of(failed.result))
        except TransportError as error:  # also an answer that cannot be read
            return CannotTell(error.problem)
        except (LookupError, TypeError, ValueError):  # an answer that lacks something, or has it in another form
            return CannotTell(Problem("answer_unreadable", gettext_noop("The network's answer cannot be read.")))

    return guarded


def changing(change: Callable[P, Awaitable[T]]) -> Callable[P, Coroutine[Any, Any, T | Failure]]:
    """For edits and deletions: an answer that cannot be read leaves open whether they were carried out."""

    @wraps(change)
    async def guarded(*args: P.args, **kwargs: P.kwargs) -> T | Failure:
        try:
            return await change(*args, **kwargs)
        except ImageRefused as refused:
            return refused.as_result("parts.0.media")
        except Failed as failed:
            return failed.result
        except TransportError as error:
            return Unknown(error.problem)

    return guarded


def removing(remove: Callable[P, Awaitable[None]]) -> Callable[P, Coroutine[Any, Any, ChangeResult]]:
    """For deletions: what is gone already is deleted."""

    @wraps(remove)
    async def guarded(*args: P.args, **kwargs: P.kwargs) -> Changed:
        try:
            await remove(*args, **kwargs)
        except Failed as failed:
            if not failed.gone:
                raise
        return Changed(None)

    return changing(guarded)


def connecting(field: str = "") -> Callable[[Callable[P, Awaitable[T]]], Callable[P, Coroutine[Any, Any, T]]]:
    """For connecting by a form: whatever goes wrong is told there, trouble of the way beside this field of it."""

    def guard(connect: Callable[P, Awaitable[T]]) -> Callable[P, Coroutine[Any, Any, T]]:
        @wraps(connect)
        async def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
            try:
                return await connect(*args, **kwargs)
            except Failed as failed:
                raise ConnectRefused(failed.problem) from failed
            except TransportError as error:
                raise ConnectRefused(replace(error.problem, field=field or error.problem.field)) from error

        return guarded

    return guard


def reading(read: Callable[P, Awaitable[T]]) -> Callable[P, Coroutine[Any, Any, T | Failure]]:
    """For reading what others wrote: it may be done again, so an answer that was lost only means later."""

    @wraps(read)
    async def guarded(*args: P.args, **kwargs: P.kwargs) -> T | Failure:
        try:
            return await read(*args, **kwargs)
        except Failed as failed:
            return failed.result
        except TransportError as error:
            return Later(SOON, error.problem)
        except (LookupError, TypeError, ValueError):
            return Unknown(Problem("answer_unreadable", gettext_noop("The network's answer cannot be read.")))

    return guarded


def require_filled(form: Mapping[str, str], name: str, code: str = "") -> str:
    """What stands in a field of a connect form, without spaces around it. Raises ConnectRefused when it is empty."""
    value = form.get(name, "").strip()
    if not value:
        raise ConnectRefused(
            Problem(code or f"{name}_missing", gettext_noop("This is needed."), name, gettext_noop("Fill it in."))
        )
    return value


def inspecting(inspect: Callable[P, Awaitable[T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """For looks at an account: trouble of the moment is AnswerLost and says nothing of it, a refusal ConnectRefused."""

    @wraps(inspect)
    async def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await inspect(*args, **kwargs)
        except Failed as failed:
            if isinstance(failed.result, Later | Unknown | ChannelTrouble):
                raise AnswerLost(failed.problem) from failed
            raise ConnectRefused(failed.problem) from failed

    return guarded


async def run_guarded(step: Awaitable[T], *, irreversible: bool) -> T | Failure:
    """The result of a stage. An answer that cannot be read leaves it open where the call cannot be repeated."""
    try:
        return await step
    except ImageRefused as refused:
        return refused.as_result("parts.0.media")
    except Failed as failed:
        return failed.result
    except TransportError as error:
        return Unknown(error.problem) if irreversible else Later(SOON, error.problem)
