"""Calls to a site's REST API, and what its refusals mean. Error bodies: {"code", "message", "data": {"status"}}."""

import re
from collections.abc import Mapping
from typing import Any

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit.answers import read_mapping
from kaja.networks.kit.http import Response, Session, TransportError
from kaja.networks.kit.outcome import (
    Failure,
    classify,
    not_there,
    reconnect_problem,
    refused_problem,
)
from kaja.networks.kit.results import ChannelTrouble, Later, NeedsReconnect, Rejected

NETWORK = "WordPress"
FLOOD_SECONDS = 20.0
_FIELDS = {
    "title": "options.title",
    "slug": "options.slug",
    "excerpt": "options.excerpt",
    "content": "parts.0.text",
    "categories": "options.categories",
    "tags": "options.tags",
    "featured_media": "parts.0.media",
}


def open_session(session: Session) -> Session:
    """The session with the account's application password."""
    session.use_basic(session.credentials["username"], session.credentials["password"])
    return session


def address(session: Session, route: str) -> str:
    """The URL of a route such as /wp/v2/posts under the REST root that discovery found (pretty or `?rest_route=`)."""
    return f"{session.base_url.rstrip('/')}{route}"


async def call(
    session: Session, method: str, route: str, *, irreversible: bool = False, **arguments: Any
) -> Response | Failure:
    """A successful answer, or what the engine should make of its absence."""
    answer: Response | TransportError
    try:
        answer = await session.request(method, address(session, route), irreversible=irreversible, **arguments)
    except TransportError as error:
        answer = error
    failure = classify(answer, network=NETWORK, reject=reject, irreversible=irreversible)
    if failure is not None:
        return failure
    assert isinstance(answer, Response)
    return answer


def reject(answer: Response) -> Failure:
    """A 4xx that is neither 401 nor 429."""
    body = answer.json_object()
    if _asks_to_sign_in(body):
        return NeedsReconnect(reconnect_problem(NETWORK))
    code, message = str(body.get("code") or ""), strip_tags(str(body.get("message") or answer.status))
    if code == "rest_no_route" or (answer.status == 404 and not code):
        return ChannelTrouble(not_there(NETWORK, answer.url, answer.status))
    if answer.status in (404, 410) or code in ("rest_post_invalid_id", "rest_comment_invalid_id"):
        return Rejected(
            Problem(
                "target_gone",
                gettext_noop("What this post answers or changes no longer stands on %(network)s."),
                "",
                gettext_noop("Look at the site; then send this one anew, or drop it."),
                {"network": NETWORK},
            )
        )
    if code == "comment_flood":  # one comment in 15 seconds for accounts that do not moderate (seen, 6.8.7)
        return Later(
            FLOOD_SECONDS, Problem("comment_flood", gettext_noop("The site takes comments only at a slower pace."))
        )
    if code == "comment_duplicate":
        return Rejected(
            Problem("duplicate_comment", gettext_noop("The site has this very comment already."), "first_comment"),
            False,
        )
    if answer.status == 413 or code in ("rest_upload_file_too_big", "rest_upload_user_quota_exceeded"):
        return Rejected(
            Problem(
                "media_too_large",
                gettext_noop("The site says that the file is too large: %(answer)s"),
                "parts.0.media",
                gettext_noop("Make the file smaller, or raise the upload limit of the site."),
                {"answer": message[:300]},
            )
        )
    if code.startswith("rest_upload"):
        return Rejected(
            Problem(
                "media_refused",
                gettext_noop("The site did not take a file: %(answer)s"),
                "parts.0.media",
                gettext_noop("Use a JPEG, PNG, GIF or WebP picture or an MP4 video, within the site's upload limit."),
                {"answer": message[:300]},
            )
        )
    if answer.status == 403:
        return Rejected(
            Problem(
                "permission_missing",
                gettext_noop("The site's account may not do this: %(answer)s"),
                "",
                gettext_noop("Give the account the role Author or Editor on the site, or connect another account."),
                {"answer": message[:300]},
            )
        )
    problem = refused_problem(NETWORK, message)
    invalid = body.get("data", {}).get("params") if isinstance(body.get("data"), Mapping) else None
    names = [name for name in invalid if name in _FIELDS] if isinstance(invalid, Mapping) else []
    field = _FIELDS[names[0]] if names else ""
    return Rejected(Problem(problem.code, problem.message, field, problem.fix, problem.params))


def _asks_to_sign_in(body: Mapping[str, Any]) -> bool:
    """A parameter was refused because nobody is signed in: a revoked password may make an anonymous visitor."""
    details = read_mapping(read_mapping(body.get("data")).get("details"))
    return any(read_mapping(read_mapping(detail).get("data")).get("status") == 401 for detail in details.values())


def is_missing(outcome: Response | Failure) -> bool:
    """Whether the site said that the object does not exist."""
    return isinstance(outcome, Rejected) and outcome.problem.code == "target_gone"


def strip_tags(text: str) -> str:
    """WordPress puts links and emphasis into its messages."""
    return re.sub(r"<[^>]*>", "", text).strip()
