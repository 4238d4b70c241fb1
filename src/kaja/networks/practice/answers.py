"""Calls to the practice network, and reading its answers."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from kaja.kernel.problems import Problem, pgettext_noop
from kaja.networks.kit import oauth
from kaja.networks.kit.answers import read_mapping
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.grants import Tokens
from kaja.networks.kit.http import AnswerLost, Response, Session
from kaja.networks.kit.outcome import refused_problem, still_processing
from kaja.networks.kit.refusals import Case, Refusals, Told
from kaja.networks.kit.rest import Rest
from kaja.networks.kit.results import Later, RemoteRef
from kaja.networks.practice.info import WORDS

NETWORK = pgettext_noop("name of a network", "Practice")
TOKEN = "/oauth/token"  # noqa: S105 - an address
UPLOAD_GONE, CONTAINER_GONE = "upload_gone", "container_gone"
_LOST = replace(refused_problem(NETWORK, ""), field="parts.0.media")


def _read(body: Mapping[str, Any]) -> Told:
    """The error object of an answer: `code`, `message`, `field`."""
    error = read_mapping(body.get("error"))
    named = str(error.get("field") or "")
    return Told(str(error.get("code") or ""), str(error.get("message") or ""), (named,) if named else ())


_REFUSALS = Refusals(
    NETWORK,
    _read,
    (
        Case(Later(2.0, still_processing(NETWORK)), ("not_ready",)),
        # Which of the things that earlier stages made is no longer there.
        Case(replace(_LOST, code=UPLOAD_GONE), ("no_media",)),
        Case(replace(_LOST, code=CONTAINER_GONE), ("not_found",), path="/api/v1/containers/*"),
        Case("gone", statuses=(404,)),
    ),
    always=(
        Case(WORDS.problem("practice_taken"), ("taken",)),
        Case(WORDS.problem("practice_key"), ("bad_key",)),
    ),
    fields={
        "^text$": "parts.0.text",
        "^(media|alt)$": "parts.0.media",
        "^(title|content_warning|format)$": r"options.\1",
        r"^fields\.(.+)$": r"options.\1",
    },
    fixable=(422,),
)


def _sign(session: Session) -> None:
    """With the account's own token, or with its consent's; before there is one there is nothing to show."""
    stored = session.credentials
    if token := stored.get("token"):
        session.use_bearer(token)
    elif access := stored.get("access_token"):  # a consent that opens several accounts, of which this is one
        session.use_bearer(f"{access}:{stored['account']}" if "account" in stored else access)


async def renew(session: Session) -> Tokens:
    """Fresh tokens of a consent."""
    return await oauth.renew(TOKEN, NETWORK, session)


REST = Rest(
    NETWORK,
    _REFUSALS.reject,
    _sign,
    find_error=_REFUSALS.find_error,
    bucket="posts",
    renew=renew,
)


def read_told(answer: Response) -> dict[str, Any]:
    """The object of a successful answer; anything else means that nobody knows what was done."""
    told = answer.json()
    if not isinstance(told, dict):
        raise AnswerLost(not_practice(answer.url))
    return told


def parse_time(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def parse_ref(item: Mapping[str, Any]) -> RemoteRef:
    return RemoteRef(str(item["id"]), str(item["url"]))


def parse_facts(account: Mapping[str, Any]) -> Facts:
    """An account as the server describes it. `limits` also says the kind and whether keys are honoured."""
    kind = str(account["kind"])
    return Facts(
        account_id=str(account["id"]),
        handle=str(account["name"]),
        name=str(account["name"]),
        url=str(account["url"]),
        limits={**account["limits"], "kind": kind, "idempotent": kind == "keyed", "stages_text": kind == "staged"},
        permissions=("publish", "edit", "delete", "comment"),
    )


def not_practice(address: str) -> Problem:
    """Something else answers there, or nothing that can be read."""
    return WORDS.problem("not_practice", address=address)
