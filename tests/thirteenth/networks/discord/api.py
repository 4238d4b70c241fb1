"""Calls to Discord, and what its refusals mean. Error bodies: {"code": 50035, "message": "Invalid Form Body"}."""

from typing import Any

from kaja.networks.kit.answers import read_object
from kaja.networks.kit.guards import Failed
from kaja.networks.kit.http import Response, Session, TransportError
from kaja.networks.kit.outcome import Failure, classify, not_there, reconnect_problem, refused_problem
from kaja.networks.kit.results import ChannelTrouble, NeedsReconnect, Rejected, RemoteRef

NETWORK = "Discord"
API = "https://discord.com/api/v10"


async def call(session: Session, method: str, path: str, *, irreversible: bool = False, **how: Any) -> Response:
    """An answer of success. Raises Failed."""
    session.use_bearer(session.credentials["token"], "Bot")
    answer: Response | TransportError
    try:
        answer = await session.request(method, path, irreversible=irreversible, **how)
    except TransportError as error:
        answer = error
    failure = classify(answer, network=NETWORK, reject=reject, irreversible=irreversible)
    if failure is not None:
        raise Failed(failure, lost=isinstance(answer, TransportError))
    assert isinstance(answer, Response)
    return answer


def reject(answer: Response) -> Failure:
    """A 4xx that is neither 401 nor 429."""
    body = answer.json_object()
    if answer.status == 404 and not body.get("code"):
        return ChannelTrouble(not_there(NETWORK, answer.url, answer.status))
    if answer.status == 403:
        return NeedsReconnect(reconnect_problem(NETWORK))
    return Rejected(refused_problem(NETWORK, str(body.get("message") or answer.status)))


def is_missing(failed: Failed) -> bool:
    """Whether Discord said that the message does not exist."""
    result = failed.result
    return isinstance(result, Rejected) and result.problem.params.get("answer") in ("Unknown Message", "404")


def parse_ref(message: Any, place: str) -> RemoteRef:
    """A message; `place` is the address of its channel."""
    return RemoteRef(str(message["id"]), f"{place}/{message['id']}")


def read_message(answer: Response) -> Any:
    """Raises AnswerLost."""
    return read_object(answer, "id", "channel_id")
