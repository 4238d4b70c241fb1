"""Replies, mentions and quotes of an account, what it answered itself, and both looked at again; and with them in the
same list who likes, shares and follows. Nothing there says that somebody took that back: it is only listed no more.

https://docs.bsky.app/docs/api/app-bsky-notification-list-notifications, app-bsky-feed-get-post-thread and
app-bsky-feed-get-posts, read 2026-11-30. The account's own answers come from its repository, which knows them first.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote

from kaja.networks.bluesky.incoming import REACTIONS, View, build_incoming, build_reaction, make_node
from kaja.networks.bluesky.records import COLLECTION, parse_uri, read_key_time
from kaja.networks.bluesky.xrpc import REST, get_error
from kaja.networks.kit.answers import parse_time, read_mapping, read_object, read_server_time
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.guards import reading
from kaja.networks.kit.http import Response, Session
from kaja.networks.kit.reading import Again, Cursor, Incoming, Reaction, Reactions, ThreadPage
from kaja.networks.kit.walks import Listed, ListReader, Walk, parse_each

NOTIFICATIONS, OWN = "notifications", "own"
_REASONS = ("reply", "mention", "quote")
_FEED = "/xrpc/app.bsky.feed"
_DEPTH, _CLIMBS = 1000, 20
_LATE = timedelta(seconds=60)  # the AppView follows the servers by seconds (seen, 2026-11)

at_once = 25


@dataclass
class _Reading:
    """One look: the account, and the ways up from posts that were asked for in it."""

    facts: Facts
    session: Session
    ways: dict[str, list[str]] = field(default_factory=dict)

    async def list_notifications(self, cursor: str) -> Listed[View]:
        asked = "&".join(f"reasons={each}" for each in (*_REASONS, *sorted({*REACTIONS} - {*_REASONS})))
        return await self._list(f"/xrpc/app.bsky.notification.listNotifications?{asked}", "notifications", cursor)

    async def list_own(self, cursor: str) -> Listed[View]:
        asked = f"repo={quote(self.facts.account_id)}&collection={COLLECTION}"
        return await self._list(f"/xrpc/com.atproto.repo.listRecords?{asked}", "records", cursor)

    async def _list(self, path: str, name: str, cursor: str) -> Listed[View]:
        params: dict[str, str | int] = {"limit": 100} | ({"cursor": cursor} if cursor else {})
        answer = await REST.call(self.session, "GET", path, params=params)
        told = read_object(answer, name)
        page = list(told[name])
        return Listed(page, str(told.get("cursor") or "") if page else "", read_server_time(answer))

    async def parse(self, view: View) -> Incoming | None:
        """Of a notification or a post's view."""
        if view.get("reason") not in (None, *_REASONS):
            return None  # without a word, or of a server that ignores what was asked for
        return build_incoming(view, [*await self._climb(view["record"]), str(view["uri"])], self.facts)

    def parse_reaction(self, view: View) -> Reaction | None:
        return build_reaction(view, self.facts)

    async def parse_own(self, view: View) -> Incoming | None:
        """Of a record of the account's repository. What answers nobody is no message."""
        if not view["value"].get("reply"):
            return None
        return build_incoming(view, [*await self._climb(view["value"]), str(view["uri"])], self.facts)

    async def _climb(self, record: View) -> list[str]:
        """The posts above one, from the first on, as far as the network shows them."""
        reply = record.get("reply")
        if not reply:
            return []
        root, parent = str(reply["root"]["uri"]), str(reply["parent"]["uri"])
        if parent == root:
            return [root]
        if parent not in self.ways:
            self.ways[parent] = await self._fetch_way(parent)
        way = self.ways[parent]
        return way if way[0] == root else [root, *way]

    async def _fetch_way(self, uri: str) -> list[str]:
        way = [uri]
        for _ in range(_CLIMBS):
            thread = await self.fetch_thread(way[0], depth=0, parentHeight=_DEPTH)
            above = read_mapping(read_mapping(thread).get("parent"))
            if not above:
                break
            while above:
                way.insert(0, str(above["post"]["uri"] if "post" in above else above["uri"]))
                above = read_mapping(above.get("parent"))
        return way

    async def fetch_thread(self, uri: str, **how: int) -> View | None:
        """None for a post that is not there. Raises Failed."""
        answer = await REST.ask(self.session, "GET", f"{_FEED}.getPostThread", params={"uri": uri, **how})
        if isinstance(answer, Response) and answer.status == 400 and get_error(answer) == "NotFound":
            return None
        return read_mapping(read_object(REST.read(answer), "thread")["thread"])


def _listed_at(view: View) -> datetime | None:
    return parse_time(view.get("indexedAt"))


def _made_at(view: View) -> datetime | None:
    return read_key_time(parse_uri(str(view["uri"]))[1])


def _uri_of(view: View) -> str:
    return str(view["uri"])


def _open_walk(stream: str, facts: Facts, session: Session) -> Walk[View]:
    look = _Reading(facts, session)
    if stream == OWN:
        return Walk(look.list_own, _made_at, _uri_of, look.parse_own, _LATE, 120.0)
    return Walk(look.list_notifications, _listed_at, _uri_of, look.parse, _LATE, 20.0, look.parse_reaction)


READER = ListReader((NOTIFICATIONS, OWN), _open_walk, Reactions(tuple(REACTIONS.values())))


@reading
async def read_thread(post: str, cursor: Cursor, facts: Facts, session: Session) -> ThreadPage:
    """All that the AppView shows below a post, at once."""
    thread = await _Reading(facts, session).fetch_thread(post, depth=_DEPTH, parentHeight=0)
    found: list[tuple[View, list[str]]] = []
    left = [(reply, [post]) for reply in read_mapping(thread).get("replies") or ()]
    while left:
        node, way = left.pop()
        if "post" in node:  # else it is gone, or one of us has blocked the other
            way = [*way, _uri_of(node["post"])]
            found.append((node["post"], way))
            left += [(reply, way) for reply in node.get("replies") or ()]

    async def parse(one: tuple[View, list[str]]) -> Incoming | None:
        return build_incoming(*one, facts)

    items, unread = await parse_each(found, parse)
    ours = tuple(way[-1] for _, way in found if all(make_node(uri, facts).ours for uri in way))
    return ThreadPage(items, unread=unread, covers=ours)


@reading
async def read_again(ids: tuple[str, ...], facts: Facts, session: Session) -> Again:
    look = _Reading(facts, session)
    asked = "&".join(f"uris={quote(uri)}" for uri in ids)
    views = read_object(await REST.call(session, "GET", f"{_FEED}.getPosts?{asked}"), "posts")["posts"]
    items, unread = await parse_each(list(views), look.parse)
    # What is missing may also be of somebody with whom we are blocked.
    missing = sorted(set(ids) - {_uri_of(view) for view in views})
    gone = [uri for uri in missing if await look.fetch_thread(uri, depth=0, parentHeight=0) is None]
    return Again(items, frozenset(gone), unread)
