"""Calls to a site's REST API, and what its refusals mean. Error bodies: {"code", "message", "data": {"status"}}."""

from collections.abc import Mapping
from typing import Any

from kaja.networks.kit.answers import read_mapping
from kaja.networks.kit.http import Session
from kaja.networks.kit.markup import parse_html
from kaja.networks.kit.refusals import Case, Refusals, Told
from kaja.networks.kit.rest import Rest
from kaja.networks.kit.results import Later, Rejected
from kaja.networks.wordpress.info import WORDS

NETWORK = "WordPress"
DUPLICATE = "duplicate_comment"
FLOOD_SECONDS = 20.0
_ANONYMOUS = "anonymous"


def _sign(session: Session) -> None:
    session.use_basic(session.credentials["username"], session.credentials["password"])


def _read(body: Mapping[str, Any]) -> Told:
    data = read_mapping(body.get("data"))
    details = [read_mapping(read_mapping(each).get("data")) for each in read_mapping(data.get("details")).values()]
    # A parameter was refused because nobody is signed in: a revoked password may make an anonymous visitor.
    code = _ANONYMOUS if any(each.get("status") == 401 for each in details) else str(body.get("code") or "")
    # WordPress puts links and emphasis into its messages.
    return Told(code, parse_html(str(body.get("message") or "")), tuple(read_mapping(data.get("params"))))


_REFUSALS = Refusals(
    NETWORK,
    _read,
    (
        Case("sign in", (_ANONYMOUS,)),
        Case("elsewhere", ("rest_no_route",)),
        Case("gone", ("rest_post_invalid_id", "rest_comment_invalid_id"), (404, 410)),
        Case(  # one comment in 15 seconds for accounts that do not moderate (seen, 6.8.7)
            Later(FLOOD_SECONDS, WORDS.problem("comment_flood")),
            ("comment_flood",),
        ),
        Case(Rejected(WORDS.problem(DUPLICATE), fixable=False), ("comment_duplicate",)),
        Case(WORDS.problem("media_too_large"), ("rest_upload_file_too_big", "rest_upload_user_quota_exceeded"), (413,)),
        Case(WORDS.problem("media_refused"), ("rest_upload*",)),
        Case(WORDS.problem("permission_missing"), statuses=(403,)),
    ),
    fields={
        "^(title|slug|excerpt|categories|tags)$": r"options.\1",
        "^content$": "parts.0.text",
        "^featured_media$": "parts.0.media",
    },
)
REST = Rest(NETWORK, _REFUSALS.reject, _sign)
