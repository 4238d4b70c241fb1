"""What the audience writes on the practice network, and the hooks that say so."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal

from kaja.networks.kit.facts import Facts
from kaja.networks.kit.grants import App
from kaja.networks.kit.guards import reading
from kaja.networks.kit.hooks import HookEvent, answer_challenge, is_signed
from kaja.networks.kit.http import Session
from kaja.networks.kit.reading import Author, Cursor, Incoming, Kind, Page, Past, Reaction, ReactionKind, Reactions
from kaja.networks.practice.answers import REST, parse_time
from kaja.networks.practice.lookup import is_ours

PATHS = {"comments": "comments", "mentions": "mentions", "direct": "messages", "reviews": "reviews"}
"""Streams, and what their lists are called."""
_KINDS: Mapping[str, Kind] = {"comments": "comment", "mentions": "mention", "direct": "direct", "reviews": "review"}
_STATES: Mapping[str, Literal["there", "pending", "hidden", "edited", "deleted"]] = {
    "there": "there", "pending": "pending", "hidden": "hidden", "edited": "edited", "deleted": "deleted",
}  # fmt: skip
REACTIONS = "reactions"
SIGNS: Mapping[str, ReactionKind] = {"like": "like", "share": "repost", "follow": "follow"}
PAGE = 100
SIGNATURE = "x-practice-signature"
AGAIN_AFTER = 60.0
LISTS_WITHIN = 12.0
"""Where the account does not say (`lists_complete_after`) how late a comment may begin to be listed."""


class PracticeReader:
    """Comments below the account's posts, mentions, direct messages and reviews; likes, shares and followers.

    It begins with the newest, and what was there before is read beside it. Then come changes, the oldest first, so that
    an edit, a hiding or a deletion comes as the thing once more. The network may list something seconds late, behind
    what is younger: a walk over the pages goes on at `at`, but the next walk begins at `settled`, the youngest change
    that was old enough, when its walk began, for nothing older to be missing.
    """

    streams: tuple[str, ...] = (*PATHS, REACTIONS)
    reactions = Reactions(tuple(SIGNS.values()), tells_gone=True)

    @reading
    async def read(self, stream: str, cursor: Cursor, facts: Facts, session: Session) -> Page:
        late = timedelta(seconds=float(facts.limits.get("lists_complete_after") or LISTS_WITHIN))
        settled, at = int(cursor.get("settled", 0)), int(cursor.get("at", 0))
        where: dict[str, str | int] = {"after": max(settled, at)} if cursor else {"before": ""}
        told = await _fetch(stream, session, **where)
        begun = str(cursor["begun"]) if at else str(told["as_of"])
        until = parse_time(begun) - late
        listed, items, reactions = told[PATHS.get(stream, stream)], *_parse_all(stream, told, facts)
        settled = max([settled, *(int(item["revision"]) for item in listed if parse_time(item["changed_at"]) <= until)])
        last = max((int(item["revision"]) for item in listed), default=settled)
        pause = late.total_seconds() if last > settled else AGAIN_AFTER
        if not cursor:
            before = _onward(told)
            reached = min((*(item.at for item in items), *(each.at for each in reactions)), default=until)
            # All that there is: then it also holds for the time before the oldest.
            reached = reached if before else min(reached, until)
            known = until if reached <= until else None
            return Page(items, {"settled": settled}, pause, known, reached, before, reactions=reactions)
        if told["more"]:
            return Page(items, {"settled": settled, "at": last, "begun": begun}, 0.0, reactions=reactions)
        return Page(items, {"settled": settled}, pause, until, reactions=reactions)

    @reading
    async def read_before(self, stream: str, cursor: Cursor, facts: Facts, session: Session) -> Past:
        told = await _fetch(stream, session, before=str(cursor["before"]))
        items, reactions = _parse_all(stream, told, facts)
        reached = min((*(item.at for item in items), *(each.at for each in reactions)), default=None)
        return Past(items, _onward(told), reached, reactions=reactions)


async def _fetch(stream: str, session: Session, **where: str | int) -> Mapping[str, Any]:
    name = PATHS.get(stream, stream)
    return await REST.fetch(session, f"/api/v1/account/{name}", name, "as_of", limit=PAGE, **where)


def _onward(told: Mapping[str, Any]) -> Cursor | None:
    return {"before": str(told["next_before"])} if told["next_before"] else None


def _parse_all(stream: str, told: Mapping[str, Any], facts: Facts) -> tuple[tuple[Incoming, ...], tuple[Reaction, ...]]:
    if stream == REACTIONS:
        return (), tuple(_parse_reaction(item) for item in told[REACTIONS])
    return tuple(_parse(item, facts) for item in told[PATHS[stream]]), ()


class PracticeHooks:
    """Signed with the key that Kaja and its practice network share."""

    handshake = staticmethod(answer_challenge)

    def verify(self, headers: Mapping[str, str], body: bytes, app: App) -> bool:
        return is_signed(body, app.webhook_secret, headers.get(SIGNATURE, ""))

    def parse(self, body: bytes) -> list[HookEvent]:
        return [HookEvent(str(event["account"]), str(event["stream"])) for event in json.loads(body)["events"]]


def _parse_reaction(item: Mapping[str, Any]) -> Reaction:
    author = Author(
        id=str(item["author_id"]),
        handle=str(item["author_handle"]),
        name=str(item["author"]),
        url=str(item["author_url"]),
        avatar=str(item["avatar"]),
    )
    return Reaction(
        id=str(item["id"]),
        kind=SIGNS[item["kind"]],
        author=author,
        at=parse_time(item["created_at"]),
        post=str(item["post"] or ""),
        gone_at=parse_time(item["gone_at"]) if item["gone_at"] else None,
    )


def _parse(item: Mapping[str, Any], facts: Facts) -> Incoming:
    stream, person = str(item["stream"]), str(item["author_handle"])
    state = str(item["state"])
    return Incoming(
        id=str(item["id"]),
        kind="reply" if item["parent"] and stream != "direct" else _KINDS[stream],
        author=Author(
            id=str(item["author_id"]),
            handle=person,
            name=str(item["author"]),
            is_us=is_ours(item, facts),
            url=str(item["author_url"]),
            avatar=str(item["avatar"]),
        ),
        at=parse_time(item["created_at"]),
        text=str(item["text"]),
        thread=str(item["thread"]),
        parent=str(item["parent"] or ""),
        publication=str(item["post"] or ""),
        url=str(item["url"]),
        state=_STATES["edited" if state == "there" and item["edited_at"] else state],
        edited_at=parse_time(item["changed_at"]) if item["revision"] != int(item["id"]) else None,
        language=str(item["language"]),
        rating=item["rating"],
        data={"dialogue": str(item["dialogue"])} if item["dialogue"] else {},
        more={"liked": bool(item["liked"])},
    )
