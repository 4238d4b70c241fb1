"""Calls to Discord, and what its refusals mean. Error bodies: {"code": 50035, "message": "Invalid Form Body"}."""

from typing import Any

from kaja.networks.kit.answers import read_object
from kaja.networks.kit.http import Response, Session
from kaja.networks.kit.refusals import Case, Refusals, Told
from kaja.networks.kit.rest import Rest
from kaja.networks.kit.results import RemoteRef

NETWORK = "Discord"
API = "https://discord.com/api/v10"


_REFUSALS = Refusals(
    NETWORK,
    lambda body: Told(str(body.get("code") or ""), str(body.get("message") or "")),
    (Case("sign in", statuses=(403,)), Case("gone", statuses=(404,))),
)


def _sign(session: Session) -> None:
    session.use_bearer(session.credentials["token"], "Bot")


REST = Rest(NETWORK, _REFUSALS.reject, _sign)
call = REST.call


def parse_ref(message: Any, place: str) -> RemoteRef:
    """A message; `place` is the address of its channel."""
    return RemoteRef(str(message["id"]), f"{place}/{message['id']}")


def read_message(answer: Response) -> Any:
    """Raises AnswerLost."""
    return read_object(answer, "id", "channel_id")
