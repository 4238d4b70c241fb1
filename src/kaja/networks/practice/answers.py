"""Calls to the practice network, and reading its answers."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit import oauth
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.grants import Tokens
from kaja.networks.kit.http import AnswerLost, Response, Session
from kaja.networks.kit.outcome import (
    Failure,
    not_there,
    read_budget,
    refused_problem,
    still_processing,
    target_gone,
)
from kaja.networks.kit.quotas import Quota
from kaja.networks.kit.rest import Answer, Rest
from kaja.networks.kit.results import ChannelTrouble, Later, Rejected, RemoteRef

NETWORK = "Practice"
BUCKET = "posts"
TOKEN = "/oauth/token"  # noqa: S105 - an address
UPLOAD_GONE, CONTAINER_GONE = "upload_gone", "container_gone"
_FIELDS = {
    "text": "parts.0.text",
    "media": "parts.0.media",
    "alt": "parts.0.media",
    "title": "options.title",
    "content_warning": "options.content_warning",
    "format": "options.format",
}


def open_session(session: Session) -> None:
    """The session with the account's own token, or with its consent's; before there is one it stays as it is."""
    session.read_quotas = _read_quotas
    stored = session.credentials
    if token := stored.get("token"):
        session.use_bearer(token)
    elif access := stored.get("access_token"):  # a consent that opens several accounts, of which this is one
        session.use_bearer(f"{access}:{stored['account']}" if "account" in stored else access)


def _read_quotas(answer: Response) -> Iterator[Quota]:
    return read_budget(answer, BUCKET)


def _bucket_of(answer: Answer, method: str, path: str) -> str:
    return BUCKET


def get_error(answer: Response) -> Mapping[str, Any]:
    """The error object of an answer: `code`, `message`, `field`."""
    error = answer.json_object().get("error")
    return error if isinstance(error, dict) else {}


def _reject(answer: Response) -> Failure:
    error = get_error(answer)
    message = str(error.get("message") or f"status {answer.status}")
    if error.get("code") == "not_ready":
        return Later(2.0, still_processing(NETWORK))
    if answer.status == 404 and not error:
        return ChannelTrouble(not_there(NETWORK, answer.url, answer.status))
    if gone := _gone(answer, error):
        return Rejected(replace(refused_problem(NETWORK, message), code=gone, field="parts.0.media"))
    if answer.status == 404:
        return Rejected(target_gone(NETWORK, message), fixable=False)
    problem = replace(refused_problem(NETWORK, message), field=_field_of(str(error.get("field", ""))))
    return Rejected(problem, fixable=answer.status == 422)


def _field_of(named: str) -> str:
    """Where a person fixes what the server named."""
    if named.startswith("fields."):
        return f"options.{named.removeprefix('fields.')}"
    return _FIELDS.get(named, "")


def _gone(answer: Response, error: Mapping[str, Any]) -> str:
    """Which of the things that earlier stages made is no longer there."""
    if error.get("code") == "no_media":
        return UPLOAD_GONE
    path = urlsplit(answer.url).path
    return CONTAINER_GONE if error.get("code") == "not_found" and path.startswith("/api/v1/containers/") else ""


async def renew(session: Session) -> Tokens:
    """Fresh tokens of a consent."""
    return await oauth.renew(TOKEN, NETWORK, session)


REST = Rest(NETWORK, _reject, open_session, bucket_of=_bucket_of, read_quotas=_read_quotas, renew=renew)
ask, read = REST.ask, REST.read


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
    return Problem(
        "not_practice",
        gettext_noop("What answers at %(address)s is not a practice network of Kaja."),
        field="base_url",
        fix=gettext_noop("Check the address; `kaja up` says where the practice network runs."),
        params={"address": address},
    )


def not_connected(answer: Response) -> Problem | None:
    """The two refusals that have a way out of their own."""
    code = get_error(answer).get("code")
    if code == "taken":
        return Problem(
            "practice_taken",
            gettext_noop("Another workspace has a practice account of this name."),
            field="name",
            fix=gettext_noop("Choose another name."),
        )
    if code == "bad_key":
        return Problem(
            "practice_key",
            gettext_noop("The practice network does not accept the key of this Kaja."),
            fix=gettext_noop("The operator should set KAJA_PRACTICE_KEY to what stands in its data folder."),
        )
    return None


def bad_address(address: str) -> Problem:
    return Problem(
        "bad_address",
        gettext_noop("%(address)s is not the address of a practice network."),
        field="base_url",
        fix=gettext_noop("Write it like http://127.0.0.1:8001, without a path."),
        params={"address": address[:200]},
    )
