"""What the audience writes on the practice network, and the hooks that say so."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.grants import App
from kaja.networks.kit.guards import Failed
from kaja.networks.kit.hooks import HookEvent, answer_challenge, is_signed
from kaja.networks.kit.http import Session, TransportError
from kaja.networks.kit.outcome import SOON
from kaja.networks.kit.reading import Author, Cursor, Incoming, Page, ReadResult
from kaja.networks.kit.results import Later, Unknown
from kaja.networks.practice.answers import NETWORK, REST, parse_time
from kaja.networks.practice.lookup import is_ours

COMMENTS = "comments"
PAGE = 100
SIGNATURE = "x-practice-signature"
AGAIN_AFTER = 60.0
LISTS_WITHIN = 12.0
"""Where the account does not say (`lists_complete_after`) how late a comment may begin to be listed."""


class PracticeReader:
    """Comments below the account's posts, the oldest first.

    The network may list a comment seconds late, behind younger ones. So a walk over the pages goes on at `at`, but the
    next walk begins at `settled`: the youngest comment that was old enough, when its walk began, for nothing older to
    be missing.
    """

    streams: tuple[str, ...] = (COMMENTS,)

    async def read(self, stream: str, cursor: Cursor, facts: Facts, session: Session) -> ReadResult:
        settled, at = int(cursor.get("settled", 0)), int(cursor.get("at", 0))
        try:
            told = await REST.fetch(session, "/api/v1/account/comments", after=max(settled, at), limit=PAGE)
            begun = str(cursor["begun"]) if at else str(told["as_of"])
            late = timedelta(seconds=float(facts.limits.get("lists_complete_after") or LISTS_WITHIN))
            items = tuple(_parse(item, facts) for item in told["comments"])
            old = [int(item.id) for item in items if item.at <= parse_time(begun) - late]
            more = bool(told["more"])
        except Failed as failed:
            return failed.result
        except TransportError as error:
            return Later(SOON, error.problem)
        except (KeyError, TypeError, ValueError):
            return Unknown(_unreadable())
        settled = max([settled, *old])
        if more:
            return Page(items, {"settled": settled, "at": int(items[-1].id), "begun": begun}, 0.0)
        unsettled = any(int(item.id) > settled for item in items)
        return Page(items, {"settled": settled}, late.total_seconds() if unsettled else AGAIN_AFTER)


class PracticeHooks:
    """Signed with the key that Kaja and its practice network share."""

    handshake = staticmethod(answer_challenge)

    def verify(self, headers: Mapping[str, str], body: bytes, app: App) -> bool:
        return is_signed(body, app.webhook_secret, headers.get(SIGNATURE, ""))

    def parse(self, body: bytes) -> list[HookEvent]:
        return [HookEvent(str(event["account"]), str(event["stream"])) for event in json.loads(body)["events"]]


def _parse(item: Mapping[str, Any], facts: Facts) -> Incoming:
    return Incoming(
        id=str(item["id"]),
        kind="comment",
        author=Author(id=str(item["author"]), name=str(item["author"]), is_us=is_ours(item, facts)),
        at=parse_time(item["created_at"]),
        text=str(item["text"]),
        thread=str(item["post"]),
        publication=str(item["post"]),
        url=str(item["url"]),
    )


def _unreadable() -> Problem:
    return Problem(
        "answer_unreadable",
        gettext_noop("The answer of %(network)s cannot be read."),
        params={"network": NETWORK},
    )
