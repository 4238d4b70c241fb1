"""Calls to a site's REST API, and what its refusals mean. Error bodies: {"code", "message", "data": {"status"}}."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit.answers import read_mapping
from kaja.networks.kit.http import Response, Session
from kaja.networks.kit.markup import parse_html
from kaja.networks.kit.outcome import Failure, not_there, reconnect_problem, refused_problem, target_gone
from kaja.networks.kit.rest import Rest
from kaja.networks.kit.results import ChannelTrouble, Later, NeedsReconnect, Rejected

NETWORK = "WordPress"
DUPLICATE = "duplicate_comment"
FLOOD_SECONDS = 20.0
_GONE = ("rest_post_invalid_id", "rest_comment_invalid_id")
_TOO_LARGE = ("rest_upload_file_too_big", "rest_upload_user_quota_exceeded")
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


def _reject(answer: Response) -> Failure:
    body = answer.json_object()
    if _asks_to_sign_in(body):
        return NeedsReconnect(reconnect_problem(NETWORK))
    # WordPress puts links and emphasis into its messages.
    code, message = str(body.get("code") or ""), parse_html(str(body.get("message") or answer.status))[:300]
    if code == "rest_no_route" or (answer.status == 404 and not code):
        return ChannelTrouble(not_there(NETWORK, answer.url, answer.status))
    if answer.status in (404, 410) or code in _GONE:
        return Rejected(target_gone(NETWORK))
    if code == "comment_flood":  # one comment in 15 seconds for accounts that do not moderate (seen, 6.8.7)
        return Later(FLOOD_SECONDS, Problem(code, gettext_noop("The site takes comments only at a slower pace.")))
    if code == "comment_duplicate":
        said = gettext_noop("The site has this very comment already.")
        return Rejected(Problem(DUPLICATE, said, "first_comment"), fixable=False)
    params = {"answer": message}
    if answer.status == 413 or code in _TOO_LARGE:
        return Rejected(
            Problem(
                "media_too_large",
                gettext_noop("The site says that the file is too large: %(answer)s"),
                "parts.0.media",
                gettext_noop("Make the file smaller, or raise the upload limit of the site."),
                params,
            )
        )
    if code.startswith("rest_upload"):
        return Rejected(
            Problem(
                "media_refused",
                gettext_noop("The site did not take a file: %(answer)s"),
                "parts.0.media",
                gettext_noop("Use a JPEG, PNG, GIF or WebP picture or an MP4 video, within the site's upload limit."),
                params,
            )
        )
    if answer.status == 403:
        return Rejected(
            Problem(
                "permission_missing",
                gettext_noop("The site's account may not do this: %(answer)s"),
                "",
                gettext_noop("Give the account the role Author or Editor on the site, or connect another account."),
                params,
            )
        )
    wrong = read_mapping(read_mapping(body.get("data")).get("params"))
    field = next((_FIELDS[name] for name in wrong if name in _FIELDS), "")
    return Rejected(replace(refused_problem(NETWORK, message), field=field))


def _asks_to_sign_in(body: Mapping[str, Any]) -> bool:
    """A parameter was refused because nobody is signed in: a revoked password may make an anonymous visitor."""
    details = read_mapping(read_mapping(body.get("data")).get("details"))
    return any(read_mapping(read_mapping(detail).get("data")).get("status") == 401 for detail in details.values())


def _sign(session: Session) -> None:
    open_session(session)


REST = Rest(NETWORK, _reject, _sign)
