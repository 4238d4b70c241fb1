"""What mentions an account, in public or directly, what it answered itself, and both looked at again; and with the
first who likes, shares and follows. Nothing there says that somebody took that back: it is only listed no more.

https://docs.joinmastodon.org/methods/notifications/, /methods/statuses/#context and /methods/accounts/#statuses, read
2026-11-30. Compatible servers may ignore which kinds were asked for, and cursors (seen: snac2 2.75).
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from kaja.networks.kit.answers import parse_time, read_list, read_mapping, read_object, read_server_time
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.guards import Failed, reading
from kaja.networks.kit.http import Session
from kaja.networks.kit.reading import Again, Cursor, Incoming, Reaction, Reactions, ThreadPage
from kaja.networks.kit.results import NeedsReconnect
from kaja.networks.kit.threads import Node
from kaja.networks.kit.walks import Listed, ListReader, Walk, parse_each
from kaja.networks.mastodon.api import NETWORK, REST
from kaja.networks.mastodon.incoming import REACTIONS, build_incoming, build_reaction, make_node
from kaja.networks.mastodon.info import WORDS
from kaja.networks.mastodon.statuses import LISTED, Status, fetch_statuses, id_of, key_of, posted_at

NOTIFICATIONS, OWN = "notifications", "own"
SCOPE = "read:notifications"
_KINDS = ("mention", "quote")
_LATE = timedelta(seconds=60)

at_once = 10


@dataclass
class _Reading:
    """One look: the account, and the ways up from statuses that were asked for in it."""

    facts: Facts
    session: Session
    ways: dict[str, list[Node]] = field(default_factory=dict)

    async def list_notifications(self, cursor: str) -> Listed[Status]:
        if not {"read", SCOPE} & {*self.facts.permissions, *([] if self.facts.permissions else [SCOPE])}:
            raise Failed(NeedsReconnect(WORDS.problem("scope_missing", missing=SCOPE, network=NETWORK)))
        asked = "&".join(f"types[]={kind}" for kind in (*_KINDS, *sorted({*REACTIONS} - {*_KINDS})))
        params: dict[str, str | int] = {"limit": LISTED} | ({"max_id": cursor} if cursor else {})
        answer = await REST.call(self.session, "GET", f"/api/v1/notifications?{asked}", params=params)
        page = read_list(answer)
        return Listed(page, id_of(page[-1]) if page else "", read_server_time(answer))

    async def list_own(self, cursor: str) -> Listed[Status]:
        answer = await fetch_statuses(self.facts, self.session, cursor)
        page = read_list(answer)
        return Listed(page, id_of(page[-1]) if page else "", read_server_time(answer))

    async def parse_notification(self, notification: Status) -> Incoming | None:
        """What was said to the account; the rest (a like, a follower) is no message."""
        return await self.parse(notification["status"]) if notification.get("type") in _KINDS else None

    def parse_reaction(self, notification: Status) -> Reaction | None:
        return build_reaction(notification, self.facts)

    async def parse_own(self, status: Status) -> Incoming | None:
        """What answers nobody is no message."""
        return await self.parse(status) if status.get("in_reply_to_id") and not status.get("reblog") else None

    async def parse(self, status: Status) -> Incoming | None:
        return build_incoming(status, await self._climb(status), self.facts)

    async def _climb(self, status: Status) -> list[Node]:
        """The statuses above one, from the first on, as far as the server has them."""
        parent = str(status.get("in_reply_to_id") or "")
        if not parent:
            return []
        if key_of(parent) not in self.ways:
            above = (await self.fetch_context(id_of(status))).get("ancestors") or ()
            found = [make_node(each, self.facts) for each in above]
            ours = str(status.get("in_reply_to_account_id") or "") == self.facts.account_id
            self.ways[key_of(parent)] = found or [Node(parent, ours)]
        return self.ways[key_of(parent)]

    async def fetch_context(self, status: str) -> Status:
        """Raises Failed."""
        return await REST.fetch(self.session, f"/api/v1/statuses/{status}/context")


def _listed_at(notification: Status) -> datetime | None:
    return parse_time(notification.get("created_at"))


def _open_walk(stream: str, facts: Facts, session: Session) -> Walk[Status]:
    look = _Reading(facts, session)
    if stream == OWN:
        return Walk(look.list_own, posted_at, id_of, look.parse_own, _LATE, 120.0)
    return Walk(look.list_notifications, _listed_at, id_of, look.parse_notification, _LATE, 20.0, look.parse_reaction)


READER = ListReader((NOTIFICATIONS, OWN), _open_walk, Reactions(tuple(REACTIONS.values())))


@reading
async def read_thread(post: str, cursor: Cursor, facts: Facts, session: Session) -> ThreadPage:
    """All that the server has below a status (Mastodon: at most 4,096, and 60 for who is not signed in)."""
    try:
        told = await _Reading(facts, session).fetch_context(post)
    except Failed as failed:
        if not failed.gone:
            raise
        return ThreadPage(())  # what stood below it may still stand
    above = [make_node(each, facts) for each in told.get("ancestors") or ()]
    ways: dict[str, list[Node]] = {key_of(post): [*above, Node(post, True)]}

    async def parse(status: Status) -> Incoming | None:
        way = ways.get(key_of(str(status.get("in_reply_to_id"))), ways[key_of(post)])
        ways[key_of(id_of(status))] = [*way, make_node(status, facts)]
        return build_incoming(status, way, facts)

    items, unread = await parse_each([read_mapping(each) for each in told.get("descendants") or ()], parse)
    ours = (way[-1].id for way in ways.values() if all(node.ours for node in way))
    return ThreadPage(items, unread=unread, covers=tuple(each for each in ours if each != post))


@reading
async def read_again(ids: tuple[str, ...], facts: Facts, session: Session) -> Again:
    look, found, gone = _Reading(facts, session), list[Status](), set[str]()
    for each in ids:
        try:
            found.append(read_object(await REST.call(session, "GET", f"/api/v1/statuses/{each}"), "id"))
        except Failed as failed:
            if not failed.gone:
                raise
            gone.add(each)
    items, unread = await parse_each(found, look.parse)
    return Again(items, frozenset(gone), unread)
