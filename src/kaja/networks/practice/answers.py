"""Reading the practice network's answers."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit.connector import Facts
from kaja.networks.kit.guards import Failed
from kaja.networks.kit.http import AnswerLost, Response, Session, TransportError
from kaja.networks.kit.outcome import Failure, classify, not_there, parse_reset, refused_problem
from kaja.networks.kit.quotas import Quota
from kaja.networks.kit.results import ChannelTrouble, Later, Rejected, RemoteRef

NETWORK = "Practice"
BUCKET = "posts"
UPLOAD_GONE, CONTAINER_GONE = "upload_gone", "container_gone"
_FIELDS = {
    "text": "parts.0.text",
    "media": "parts.0.media",
    "alt": "parts.0.media",
    "title": "options.title",
    "content_warning": "options.content_warning",
}


def open_session(session: Session) -> None:
    """The session with the account's token, and with this network's rate headers understood."""
    session.use_bearer(session.credentials.get("token", ""))
    session.read_quotas = read_quotas


async def ask(session: Session, method: str, path: str, **how: Any) -> Response | TransportError:
    """The answer, or why there is none."""
    try:
        return await session.request(method, path, **how)
    except TransportError as error:
        return error


def read_told(answer: Response) -> dict[str, Any]:
    """The object of a successful answer; anything else means that nobody knows what was done."""
    told = answer.json()
    if not isinstance(told, dict):
        raise AnswerLost(not_practice(answer.url))
    return told


def parse_time(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def read_quotas(answer: Response) -> Iterable[Quota]:
    """The account's budget of posts, from the rate headers."""
    limit, remaining = answer.headers.get("x-ratelimit-limit", ""), answer.headers.get("x-ratelimit-remaining", "")
    if limit.isdigit() and remaining.isdigit():
        resets_at = parse_reset(answer.headers.get("x-ratelimit-reset", ""), datetime.now(UTC))
        yield Quota(BUCKET, int(limit), int(remaining), resets_at)


def get_error(answer: Response) -> Mapping[str, Any]:
    """The error object of an answer: `code`, `message`, `field`."""
    error = answer.json_object().get("error")
    return error if isinstance(error, dict) else {}


def reject(answer: Response) -> Failure:
    """A refusal of the practice network itself."""
    error = get_error(answer)
    message = str(error.get("message") or f"status {answer.status}")
    if error.get("code") == "not_ready":
        return Later(2.0, processing_problem())
    if answer.status == 404 and not error:
        return ChannelTrouble(not_there(NETWORK, answer.url, answer.status))
    if gone := _gone(answer, error):
        return Rejected(replace(refused_problem(NETWORK, message), code=gone, field="parts.0.media"))
    problem = replace(refused_problem(NETWORK, message), field=_FIELDS.get(str(error.get("field", "")), ""))
    return Rejected(problem, fixable=answer.status == 422)


def _gone(answer: Response, error: Mapping[str, Any]) -> str:
    """Which of the things that earlier stages made is no longer there."""
    if error.get("code") == "no_media":
        return UPLOAD_GONE
    path = urlsplit(answer.url).path
    return CONTAINER_GONE if error.get("code") == "not_found" and path.startswith("/api/v1/containers/") else ""


def processing_problem() -> Problem:
    return Problem("processing", gettext_noop("%(network)s is still preparing the post."), params={"network": NETWORK})


def read(answer: Response | TransportError, *, irreversible: bool) -> Response:
    """The answer of a call that succeeded; raises Failed for every other."""
    failure = classify(answer, network=NETWORK, reject=reject, irreversible=irreversible, bucket=BUCKET)
    if failure is not None:
        raise Failed(failure)
    assert isinstance(answer, Response)
    return answer


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
        limits={**account["limits"], "kind": kind, "idempotent": kind == "keyed"},
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
