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
from kaja.networks.kit.outcome import Failure, classify, read_budget
from kaja.networks.kit.quotas import Quota
from kaja.networks.kit.renewals import renew_once
from kaja.networks.kit.results import NeedsReconnect
from kaja.networks.kit.uploads import UPLOAD_SECONDS, Upload

Answer = Response | TransportError


def _sign_nothing(session: Session) -> None:
    """Where the caller has put the sign-in on the session, or there is none."""


def sign_bearer(name: str) -> Callable[[Session], None]:
    """The sign-in of most networks: the access token that is kept by this name."""

    def sign(session: Session) -> None:
        session.use_bearer(session.credentials[name])

    return sign


def _no_error(answer: Response) -> Failure | None:
    """The status says it all."""
    return None


def _is_accepted(answer: Response) -> bool:
    """A refused access token is for a person, or comes as a plain 401."""
    return False


def _no_bucket(answer: Answer, method: str, path: str) -> str | None:
    """What the answer says."""
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
    """Which budget a call (its answer, method and path) draws on; else the one that its answer names."""
    read_quotas: Callable[[Response], Iterable[Quota]] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    """Sent with every call."""
    renew: Callable[[Session], Awaitable[Tokens]] | None = None
    """Asks for fresh tokens; before a call whose access token is about to end."""
    is_over: Callable[[Mapping[str, str]], bool] = is_over
    """Whether the access token among these credentials is about to end."""
    is_refused: Callable[[Response], bool] = _is_accepted
    """Whether an answer refuses the access token alone. Such a call did nothing: it is made once more with a new
    one."""
    bucket: str = ""
    """For networks with one budget for everything, told in X-RateLimit-Limit, -Remaining and -Reset: its name."""

    async def request(
        self, session: Session, method: str, path: str, *, headers: Mapping[str, str] | None = None, **how: Any
    ) -> Response:
        """The answer, whatever its status. Raises Failed, TransportError."""
        session.read_quotas = self._list_quotas
        how["headers"] = {**self.headers, **(headers or {})}
        signed = how.get("authorized", True)
        if signed and self.renew is not None and self.is_over(session.credentials):
            await self._renew(session, self.renew)
        if signed:
            self.sign(session)
        answer = await session.request(method, path, **how)
        if signed and self.renew is not None and self.is_refused(answer):
            await self._renew(session, self.renew)
            self.sign(session)
            answer = await session.request(method, path, **how)
        return answer

    def _list_quotas(self, answer: Response) -> Iterable[Quota]:
        if self.bucket:
            return read_budget(answer, self.bucket)
        return self.read_quotas(answer) if self.read_quotas is not None else ()

    async def ask(self, session: Session, method: str, path: str, **how: Any) -> Answer:
        """The same, or why there is no answer. Raises Failed."""
        try:
            return await self.request(session, method, path, **how)
        except TransportError as error:
            return error

    async def _renew(self, session: Session, renew: Callable[[Session], Awaitable[Tokens]]) -> None:
        """The call itself was not carried out, whatever goes wrong here. Raises Failed, NotSent."""
        try:
            await renew_once(session, renew)
        except ConnectRefused as refused:
            raise Failed(NeedsReconnect(refused.problem)) from refused
        except TransportError as error:
            raise NotSent(error.problem) from error

    async def call(
        self, session: Session, method: str, path: str, *, irreversible: bool = False, **how: Any
    ) -> Response:
        """The answer of a call that succeeded. Raises Failed for every other."""
        answer = await self.ask(session, method, path, irreversible=irreversible, **how)
        bucket = self.bucket or self.bucket_of(answer, method, path)
        if bucket is None and isinstance(answer, Response):
            bucket = next((quota.bucket for quota in self._list_quotas(answer)), None)
        return self.read(answer, irreversible=irreversible, bucket=bucket)

    async def upload(self, session: Session, path: str, file: Upload, *, field: str = "", **how: Any) -> Response:
        """Send a file: as a field of a form, or as the whole body. Raises Failed."""
        how["headers"] = {**how.get("headers", {}), **({} if field else {"Content-Type": file.mime})}
        body = {"files": {field: file.in_form}} if field else {"content": file.content}
        return await self.call(session, "POST", path, timeout=UPLOAD_SECONDS, **body, **how)

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
