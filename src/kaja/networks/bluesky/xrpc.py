"""Calls to a PDS: signing in and staying signed in, what its errors mean, and what its rate headers say.

An access token lasts two hours; a refresh token changes with every use. A refresh that does not work is no reason to
disconnect: the stored app password opens a new session, and only when the server refuses that, the person is asked.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import regex

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.bluesky.info import WORDS
from kaja.networks.bluesky.limits import NETWORK
from kaja.networks.kit.answers import read_object
from kaja.networks.kit.grants import Tokens, is_expired
from kaja.networks.kit.http import Response, Session
from kaja.networks.kit.outcome import read_budget
from kaja.networks.kit.quotas import Quota
from kaja.networks.kit.refusals import Case, Refusals, Told
from kaja.networks.kit.rest import Rest, sign_bearer
from kaja.networks.kit.results import NeedsReconnect

FILE_GONE = "bluesky_file_gone"
_TOKEN_ERRORS = frozenset({"ExpiredToken", "InvalidToken", "AuthMissing", "AuthenticationRequired"})
_CLOSED = {
    "AccountTakedown": gettext_noop("Bluesky has taken this account down."),
    "AccountSuspended": gettext_noop("Bluesky has suspended this account."),
    "AccountDeactivated": gettext_noop("This Bluesky account is deactivated."),
}
_CLOSED_FIX = gettext_noop("Sign in at Bluesky to see why. Nothing can be posted until that is settled.")
_POLICY = regex.compile(r"(\d+);w=(\d+)")

_REFUSALS = Refusals(
    NETWORK,
    lambda body: Told(str(body.get("error") or ""), str(body.get("message") or "")),
    (
        Case("sign in", (*_TOKEN_ERRORS, "AuthFactorTokenRequired", "InvalidIdentifier")),
        Case(WORDS.problem("bluesky_file_too_large"), ("PayloadTooLarge",), (413,)),
        Case(WORDS.problem(FILE_GONE), ("BlobNotFound",)),
        # To a call that it does not know (https://atproto.com/specs/xrpc, and the PDS of 2026-11).
        Case("elsewhere", ("MethodNotImplemented", "XRPCNotSupported")),
    ),
    # A closed account comes with status 401, and a new sign-in would not help.
    always=[
        Case(NeedsReconnect(Problem("bluesky_account_closed", said, fix=_CLOSED_FIX)), (name,))
        for name, said in _CLOSED.items()
    ],
    fields={
        r"record[/.]text\b": "parts.0.text",
        r"embed[/.]external": "link_card",
        r"embed|blob|image|video|mimetype": "parts.0.media",
        r"langs": "language",
    },
)


def get_error(answer: Response) -> str:
    """The name of an XRPC error, for example ExpiredToken."""
    return str(answer.json_object().get("error", ""))


def _is_refused(answer: Response) -> bool:
    """An expired token comes as status 400."""
    return answer.status in (400, 401, 403) and get_error(answer) in _TOKEN_ERRORS


def _is_over(credentials: Mapping[str, str]) -> bool:
    return not credentials.get("access") or is_expired(credentials["access"])


def _read_quotas(answer: Response) -> Iterable[Quota]:
    """The budget that a PDS names in `RateLimit-*`: of several it names the one that is nearest to its end.

    Headers as the PDS of npm @atproto/pds 0.5.35 sends them: `RateLimit-Policy: 5000;w=3600`, reset in Unix time.
    """
    policy = _POLICY.search(answer.headers.get("ratelimit-policy", ""))
    bucket = f"{policy[1]} per {policy[2]} s" if policy else answer.headers.get("ratelimit-limit", "")
    return read_budget(answer, bucket, "ratelimit-")


async def create_session(session: Session, identifier: str, password: str) -> dict[str, str]:
    """Sign in with an app password: `did`, `access`, `refresh`. Raises Failed, AnswerLost."""
    session.hide(password)
    body = {"identifier": identifier, "password": password}
    answer = await REST.call(session, "POST", "/xrpc/com.atproto.server.createSession", json=body, authorized=False)
    return {**_read_tokens(answer, session), "did": str(read_object(answer, "did")["did"])}


async def renew(session: Session) -> Tokens:
    """Raises Failed, AnswerLost."""
    stored = session.credentials
    if refresh := stored.get("refresh"):
        how: dict[str, Any] = {"headers": {"Authorization": f"Bearer {refresh}"}, "authorized": False}
        answer = await REST.ask(session, "POST", "/xrpc/com.atproto.server.refreshSession", **how)
        if isinstance(answer, Response) and answer.ok:
            return Tokens(_read_tokens(answer, session))
        if not isinstance(answer, Response) or answer.status == 429 or answer.status >= 500:
            REST.read(answer)
    made = await create_session(session, stored.get("did") or stored["identifier"], stored["password"])
    return Tokens({name: made[name] for name in ("access", "refresh")})


def _read_tokens(answer: Response, session: Session) -> dict[str, str]:
    made = read_object(answer, "accessJwt", "refreshJwt")
    tokens = {"access": str(made["accessJwt"]), "refresh": str(made["refreshJwt"])}
    session.hide(*tokens.values())
    return tokens


REST = Rest(
    NETWORK,
    _REFUSALS.reject,
    sign_bearer("access"),
    find_error=_REFUSALS.find_error,
    read_quotas=_read_quotas,
    renew=renew,
    is_over=_is_over,
    is_refused=_is_refused,
)
