"""Calls to a PDS: what its errors mean, and what its rate headers say."""

from collections.abc import Iterable
from dataclasses import replace

import regex

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.bluesky.limits import NETWORK
from kaja.networks.kit.http import Response
from kaja.networks.kit.outcome import Failure, not_there, read_budget, reconnect_problem, refused_problem
from kaja.networks.kit.quotas import Quota
from kaja.networks.kit.rest import Answer, Rest
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


def _find_closed(answer: Response) -> Failure | None:
    """A closed account comes with status 401, and a new sign-in would not help."""
    said = None if answer.ok else _CLOSED.get(get_error(answer))
    if said is None:
        return None
    fix = gettext_noop("Sign in at Bluesky to see why. Nothing can be posted until that is settled.")
    return NeedsReconnect(Problem("bluesky_account_closed", said, fix=fix))


def _reject(answer: Response) -> Failure:
    """A refusal in Bluesky's own terms."""
    error = get_error(answer)
    if error in TOKEN_ERRORS:
        return NeedsReconnect(reconnect_problem(NETWORK))
    if answer.status == 413 or error == "PayloadTooLarge":
        return Rejected(
            Problem(
                "bluesky_file_too_large",
                gettext_noop("The server of this account does not take a file of that size."),
                "parts.0.media",
                gettext_noop("Make the file smaller."),
            )
        )
    if error == "BlobNotFound":
        return Rejected(
            Problem(
                FILE_GONE,
                gettext_noop("Bluesky no longer has the uploaded file."),
                "parts.0.media",
                gettext_noop("Send the post again; the file is then uploaded again."),
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
    policy = _POLICY.search(answer.headers.get("ratelimit-policy", ""))
    bucket = f"{policy[1]} per {policy[2]} s" if policy else answer.headers.get("ratelimit-limit", "")
    return read_budget(answer, bucket, "ratelimit-")


REST = Rest(NETWORK, _reject, find_error=_find_closed, read_quotas=read_quotas)


def read(answer: Answer, *, irreversible: bool = False) -> Response:
    """The answer of a call that succeeded; raises Failed for every other."""
    bucket = next((quota.bucket for quota in read_quotas(answer)), None) if isinstance(answer, Response) else None
    return REST.read(answer, irreversible=irreversible, bucket=bucket)
