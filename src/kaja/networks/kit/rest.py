"""Calls to a network's interface: its sign-in, its refusals, its budgets and its errors in one place, `Rest`.

Several networks say their errors inside a status of success; `find_error` reads them before the status counts.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kaja.networks.kit.answers import read_object
from kaja.networks.kit.connector import ConnectRefused
from kaja.networks.kit.grants import Tokens, is_over
from kaja.networks.kit.guards import Failed
from kaja.networks.kit.http import NotSent, Response, Session, TransportError
from kaja.networks.kit.outcome import Failure, classify
from kaja.networks.kit.quotas import Quota
from kaja.networks.kit.results import NeedsReconnect

Answer = Response | TransportError


def _sign_nothing(session: Session) -> None:
    """Where the caller has put the sign-in on the session, or there is none."""


def _no_error(answer: Response) -> Failure | None:
    """The status says it all."""
    return None


def _no_bucket(answer: Answer, method: str, path: str) -> str | None:
    """The network has one budget, or says nothing of budgets."""
    return None


@dataclass(frozen=True)
class Rest:
    """How one network is called."""

    network: str
    """Its name, as problems say it."""
    reject: Callable[[Response], Failure]
    """What a status of 400 and more means that is neither 401 nor 429 nor an error of the server."""
    sign: Callable[[Session], None] = _sign_nothing
    """Puts the account's sign-in on the session."""
    find_error: Callable[[Response], Failure | None] = _no_error
    """Errors that the status does not show, or shows as something else; asked first, for every answer."""
    bucket_of: Callable[[Answer, str, str], str | None] = _no_bucket
    """Which budget a call (its answer, method and path) draws on."""
    read_quotas: Callable[[Response], Iterable[Quota]] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    """Sent with every call."""
    renew: Callable[[Session], Awaitable[Tokens]] | None = None
    """Asks for fresh tokens; before a call whose access token is about to end."""

    async def ask(
        self, session: Session, method: str, path: str, *, headers: Mapping[str, str] | None = None, **how: Any
    ) -> Answer:
        """The answer, whatever its status, or why there is none."""
        session.read_quotas = self.read_quotas
        try:
            if how.get("authorized", True):
                if self.renew is not None and is_over(session.credentials):
                    await self._renew(session, self.renew)
                self.sign(session)
            return await session.request(method, path, headers={**self.headers, **(headers or {})}, **how)
        except TransportError as error:
            return error

    async def _renew(self, session: Session, renew: Callable[[Session], Awaitable[Tokens]]) -> None:
        """The call itself was not made yet, whatever goes wrong here. Raises Failed, NotSent."""
        try:
            await session.renew(lambda: renew(session))
        except ConnectRefused as refused:
            raise Failed(NeedsReconnect(refused.problem)) from refused
        except TransportError as error:
            raise NotSent(error.problem) from error

    async def call(
        self, session: Session, method: str, path: str, *, irreversible: bool = False, **how: Any
    ) -> Response:
        """The answer of a call that succeeded. Raises Failed for every other."""
        answer = await self.ask(session, method, path, irreversible=irreversible, **how)
        return self.read(answer, irreversible=irreversible, bucket=self.bucket_of(answer, method, path))

    async def fetch(self, session: Session, path: str, *required: str, **params: str | int) -> Mapping[str, Any]:
        """The object at a path, with every `required` name. Raises Failed, AnswerLost."""
        return read_object(await self.call(session, "GET", path, params=params or None), *required)

    def read(self, answer: Answer, *, irreversible: bool = False, bucket: str | None = None) -> Response:
        """The answer when it is one of success. Raises Failed."""
        failure = self.find_error(answer) if isinstance(answer, Response) else None
        failure = failure or classify(
            answer, network=self.network, reject=self.reject, irreversible=irreversible, bucket=bucket
        )
        if failure is not None:
            raise Failed(failure, lost=isinstance(answer, TransportError))
        assert isinstance(answer, Response)
        return answer
