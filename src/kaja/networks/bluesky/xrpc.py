"""Calls to a PDS: what its errors mean, and what its rate headers say."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

import regex

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.bluesky.limits import NETWORK
from kaja.networks.kit.guards import Failed
from kaja.networks.kit.http import Response, TransportError
from kaja.networks.kit.outcome import Failure, classify, not_there, parse_reset, reconnect_problem, refused_problem
from kaja.networks.kit.quotas import Quota
from kaja.networks.kit.results import ChannelTrouble, NeedsReconnect, Rejected

TOKEN_ERRORS = frozenset({"ExpiredToken", "InvalidToken", "AuthMissing", "AuthenticationRequired"})
_NO_SUCH_METHOD = frozenset({"MethodNotImplemented", "XRPCNotSupported"})
"""What a server answers to a call that it does not know (https://atproto.com/specs/xrpc, and the PDS of 2026-11)."""
FILE_GONE = "bluesky_file_gone"
_CLOSED = {
    "AccountTakedown": gettext_noop("Bluesky has taken this account down."),
    "AccountSuspended": gettext_noop("Bluesky has suspended this account."),
    "AccountDeactivated": gettext_noop("This Bluesky account is deactivated."),
}
_FIELDS = (
    (regex.compile(r"record[/.]text\b", regex.IGNORECASE), "parts.0.text"),
    (regex.compile(r"embed[/.]external", regex.IGNORECASE), "link_card"),
    (regex.compile(r"embed|blob|image|video|mimetype", regex.IGNORECASE), "parts.0.media"),
    (regex.compile(r"langs", regex.IGNORECASE), "language"),
)
_POLICY = regex.compile(r"(\d+);w=(\d+)")


def get_error(answer: Response) -> str:
    """The name of an XRPC error, for example ExpiredToken."""
    return str(answer.json_object().get("error", ""))


def needs_new_token(answer: Response) -> bool:
    """Whether the server refused the access token (an expired one comes as status 400)."""
    return answer.status in (400, 401, 403) and get_error(answer) in TOKEN_ERRORS


def read(answer: Response | TransportError, *, irreversible: bool = False) -> Response:
    """The answer of a call that succeeded; raises Failed for every other."""
    bucket = next((quota.bucket for quota in read_quotas(answer)), None) if isinstance(answer, Response) else None
    if isinstance(answer, Response) and get_error(answer) in _CLOSED:
        raise Failed(reject(answer))  # comes with status 401, and a new sign-in would not help
    failure = classify(answer, network=NETWORK, reject=reject, irreversible=irreversible, bucket=bucket)
    if failure is not None:
        raise Failed(failure, lost=isinstance(answer, TransportError))
    assert isinstance(answer, Response)
    return answer


def reject(answer: Response) -> Failure:
    """A refusal in Bluesky's own terms."""
    error = get_error(answer)
    if error in _CLOSED:
        return NeedsReconnect(
            Problem(
                "bluesky_account_closed",
                _CLOSED[error],
                fix=gettext_noop("Sign in at Bluesky to see why. Nothing can be posted until that is settled."),
            )
        )
    if error in TOKEN_ERRORS:
        return NeedsReconnect(reconnect_problem(NETWORK))
    if answer.status == 413 or error == "PayloadTooLarge":
        return Rejected(
            Problem(
                "bluesky_file_too_large",
                gettext_noop("The server of this account does not take a file of that size."),
                field="parts.0.media",
                fix=gettext_noop("Make the file smaller."),
            )
        )
    if error == "BlobNotFound":
        return Rejected(
            Problem(
                FILE_GONE,
                gettext_noop("Bluesky no longer has the uploaded file."),
                field="parts.0.media",
                fix=gettext_noop("Send the post again; the file is then uploaded anew."),
            )
        )
    if error in _NO_SUCH_METHOD or (answer.status == 404 and not error):
        return ChannelTrouble(not_there(NETWORK, answer.url, answer.status))
    message = str(answer.json_object().get("message") or error or f"status {answer.status}")
    field = next((path for pattern, path in _FIELDS if pattern.search(message)), "")
    return Rejected(replace(refused_problem(NETWORK, message), field=field))


def read_quotas(answer: Response) -> Iterable[Quota]:
    """The budget that a PDS names in `RateLimit-*`: of several it names the one that is nearest to its end.

    Headers as the PDS of npm @atproto/pds 0.5.35 sends them: `RateLimit-Policy: 5000;w=3600`, reset in Unix time.
    """
    limit, remaining = answer.headers.get("ratelimit-limit", ""), answer.headers.get("ratelimit-remaining", "")
    if limit.isdigit() and remaining.isdigit():
        policy = _POLICY.search(answer.headers.get("ratelimit-policy", ""))
        resets_at = parse_reset(answer.headers.get("ratelimit-reset", ""), datetime.now(UTC))
        bucket = f"{policy[1]} per {policy[2]} s" if policy else f"{limit}"
        blocked = resets_at if answer.status == 429 else None
        yield Quota(bucket, int(limit), int(remaining), resets_at, blocked)
