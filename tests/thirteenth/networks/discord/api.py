"""Calls to Discord, and what its refusals mean. Error bodies: {"code": 50035, "message": "Invalid Form Body"}."""

from typing import Any

from kaja.networks.kit.answers import read_object
from kaja.networks.kit.http import Response, Session
from kaja.networks.kit.outcome import Failure, not_there, reconnect_problem, refused_problem, target_gone
from kaja.networks.kit.rest import Rest
from kaja.networks.kit.results import ChannelTrouble, NeedsReconnect, Rejected, RemoteRef

NETWORK = "Discord"
API = "https://discord.com/api/v10"


def _reject(answer: Response) -> Failure:
    """A 4xx that is neither 401 nor 429."""
    body = answer.json_object()
    if answer.status == 404 and not body.get("code"):
        return ChannelTrouble(not_there(NETWORK, answer.url, answer.status))
    if answer.status == 403:
        return NeedsReconnect(reconnect_problem(NETWORK))
    if answer.status == 404:
        return Rejected(target_gone(NETWORK, str(body.get("message") or "")))
    return Rejected(refused_problem(NETWORK, str(body.get("message") or answer.status)))


def _sign(session: Session) -> None:
    session.use_bearer(session.credentials["token"], "Bot")


REST = Rest(NETWORK, _reject, _sign)
call = REST.call


def parse_ref(message: Any, place: str) -> RemoteRef:
    """A message; `place` is the address of its channel."""
    return RemoteRef(str(message["id"]), f"{place}/{message['id']}")


def read_message(answer: Response) -> Any:
    """Raises AnswerLost."""
    return read_object(answer, "id", "channel_id")
