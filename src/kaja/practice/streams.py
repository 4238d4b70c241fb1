"""What the audience says, for programs that follow an account, and what the account answers and does.

Four streams (comments, mentions, direct messages, reviews), each ordered by revisions: what is edited, hidden or
deleted comes once more, in its new form. Late things are missing until they are listed, behind younger ones.
"""

import math
import time
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from kaja.practice.conversations import Conversations, Voice
from kaja.practice.faults import Plan
from kaja.practice.guard import Guard
from kaja.practice.hooks import Hooks
from kaja.practice.http import Refusal, Request, Response, Routes, answer
from kaja.practice.network import Network
from kaja.practice.state import COMMENTS, DIRECT, MENTIONS, REACTIONS, REVIEWS, Account, Entry, Feed, S, iso

MAX_PAGE = 100
PATHS = {COMMENTS: "comments", MENTIONS: "mentions", DIRECT: "messages", REVIEWS: "reviews"}


def read_page(request: Request, cursor: str, without: int) -> tuple[int, int]:
    """Where a page begins and how long it is. Raises Refusal."""
    try:
        at, limit = int(request.query.get(cursor) or without), int(request.query.get("limit", "40"))
    except ValueError:
        raise Refusal(400, "bad_page", f"`limit` and `{cursor}` must be whole numbers.") from None
    return at, max(1, min(limit, MAX_PAGE))


def _parse_edge(given: str | None) -> tuple[float, int] | None:
    """Where a page of what was said earlier begins. Raises Refusal."""
    if given is None:
        return None
    moment, _, entry_id = given.partition(":")
    try:
        return float(moment), int(entry_id)
    except ValueError:
        raise Refusal(400, "bad_page", "`before` must be what the page before said.") from None


class Streams:
    """Handlers of the API for whoever follows an account."""

    def __init__(self, network: Network, guard: Guard, conversations: Conversations, hooks: Hooks) -> None:
        self.network = network
        self.guard = guard
        self.talk = conversations
        self.hooks = hooks
        conversations.listeners.append(hooks.tell)
        conversations.signs.listeners.append(hooks.tell_sign)

    def add_to(self, routes: Routes) -> None:
        v1 = "/api/v1"
        for stream, path in PATHS.items():
            routes.add("GET", f"{v1}/account/{path}", self._list_stream(stream))
        routes.add("GET", f"{v1}/account/{REACTIONS}", self.list_signs)
        routes.add("GET", f"{v1}/account/dialogues", self.list_dialogues)
        routes.add("GET", f"{v1}/dialogues/*/messages", self.list_messages)
        routes.add("POST", f"{v1}/dialogues/*/messages", self.write)
        routes.add("GET", f"{v1}/entries/*", self.get_entry)
        routes.add("GET", f"{v1}/entries/*/thread", self.list_thread)
        routes.add("GET", f"{v1}/entries/*/replies", self.list_replies)
        routes.add("POST", f"{v1}/entries/*/replies", self.reply)
        routes.add("GET", f"{v1}/entries/*/private", self.list_private)
        routes.add("POST", f"{v1}/entries/*/private", self.write_privately)
        routes.add("POST", f"{v1}/entries/*/acts", self.act)
        routes.add("POST", f"{v1}/people/*/acts", self.relate)
        routes.add("PUT", "/admin/hook", self.put_hook)

    # Reading.

    def _list_stream(self, stream: str) -> Any:
        async def handle(request: Request) -> Response:
            """The oldest change first; `after` (a revision) and `limit` page. With `before` (empty, or what the page
            before said) what was said last comes first."""
            account = self.network.get_account(request)
            talk = self.talk
            return await self._page(request, account, account.feeds[stream], PATHS[stream], talk.is_buried, talk.show)

        return handle

    async def list_signs(self, request: Request) -> Response:
        """Likes, shares and followers, and what of it was taken back: a stream like the others."""
        account, signs = self.network.get_account(request), self.talk.signs
        return await self._page(request, account, account.signs_feed, REACTIONS, signs.is_buried, signs.show)

    async def _page(
        self,
        request: Request,
        account: Account,
        feed: Feed[S],
        name: str,
        is_buried: Callable[[S], bool],
        show: Callable[[Request, S], dict[str, Any]],
    ) -> Response:
        after, limit = read_page(request, "after", 0)
        back = request.query.get("before")
        edge = (math.inf, 0) if back == "" else _parse_edge(back)

        def accept(_: Plan) -> Response:
            now = time.time()
            entries = feed.list_after(after) if edge is None else feed.list_said_before(edge)
            found = list(islice((each for each in entries if each.listed <= now and not is_buried(each)), limit + 1))
            more = len(found) > limit
            last = found[limit - 1] if more and edge is not None else None
            return answer(
                {
                    name: [show(request, entry) for entry in found[:limit]],
                    "more": more,
                    "next_before": f"{last.created!r}:{last.id}" if last else None,
                    "as_of": iso(now),
                }
            )

        return await self.network.call(request, account, "read", request.path, accept)

    async def list_dialogues(self, request: Request) -> Response:
        """Everyone who has written directly, and until when an answer may be sent."""
        account = self.network.get_account(request)

        def accept(_: Plan) -> Response:
            shown = [
                {
                    "id": dialogue.id,
                    "person": dialogue.person or dialogue.name,
                    "name": dialogue.name,
                    "messages": len(dialogue.messages),
                    "window_until": iso(self.talk.find_window(dialogue)),
                }
                for dialogue in account.dialogues.values()
            ]
            return answer({"dialogues": shown, "as_of": iso(time.time())})

        return await self.network.call(request, account, "read", request.path, accept)

    def _newest(self, request: Request, entries: Iterable[Entry], name: str, before: int, limit: int) -> Response:
        now = time.time()
        listed = (e for e in entries if int(e.id) < before and e.listed <= now and not e.deleted)
        found = list(islice(listed, limit + 1))
        shown = [self.talk.show(request, entry) for entry in found[:limit]]
        return answer({name: shown, "next_before": shown[-1]["id"] if len(found) > limit else None, "as_of": iso(now)})

    async def list_comments(self, request: Request) -> Response:
        """Comments of a post, with all branches, the newest first, paged like posts."""
        account = self.network.get_account(request)
        before, limit = read_page(request, "before", 2**62)

        def accept(_: Plan) -> Response:
            post = self.network.get_post(request.parts[0])
            return self._newest(request, reversed(post.comments), "comments", before, limit)

        return await self.network.call(request, account, "read", request.path, accept)

    async def list_messages(self, request: Request) -> Response:
        """A dialogue, the newest first."""
        account = self.network.get_account(request)
        before, limit = read_page(request, "before", 2**62)

        def accept(_: Plan) -> Response:
            dialogue = self.talk.get_dialogue(account, request.parts[0])
            return self._newest(request, reversed(dialogue.messages), "messages", before, limit)

        return await self.network.call(request, account, "read", request.path, accept)

    async def list_replies(self, request: Request) -> Response:
        """What answers an entry directly, the newest first."""
        account = self.network.get_account(request)
        before, limit = read_page(request, "before", 2**62)

        def accept(_: Plan) -> Response:
            entry = self.talk.get_entry(account, request.parts[0], deleted=True)
            replies = (each for each in reversed(self.talk.list_thread(entry)) if each.parent == entry.id)
            return self._newest(request, replies, "replies", before, limit)

        return await self.network.call(request, account, "read", request.path, accept)

    async def list_thread(self, request: Request) -> Response:
        """The whole branch that an entry stands in, the oldest first."""
        account = self.network.get_account(request)

        def accept(_: Plan) -> Response:
            now = time.time()
            entry = self.talk.get_entry(account, request.parts[0], deleted=True)
            listed = [each for each in self.talk.list_thread(entry) if each.listed <= now]
            return answer({"entries": [self.talk.show(request, each) for each in listed], "as_of": iso(now)})

        return await self.network.call(request, account, "read", request.path, accept)

    async def get_entry(self, request: Request) -> Response:
        account = self.network.get_account(request)

        def accept(_: Plan) -> Response:
            return answer(self.talk.show(request, self.talk.get_entry(account, request.parts[0])))

        return await self.network.call(request, account, "read", request.path, accept)

    # Answering.

    async def reply(self, request: Request) -> Response:
        """`{"text"}`: below a comment, a mention or a review; in a dialogue when it is a direct message."""
        account = self.network.get_account(request)
        text, entry_id = str(request.json().get("text", "")), request.parts[0]
        voice = make_voice("comment", request, account)

        def accept(plan: Plan) -> Response:
            if first := self.network.repeated(account, voice.key):
                return answer(self.talk.show(request, self.network.store.entries[first]), 200)
            entry = self.talk.get_entry(account, entry_id)
            return answer(self.talk.show(request, self.talk.reply(entry, voice, text, plan)), 201)

        return await self.network.call(request, account, "comment", text, accept)

    async def write(self, request: Request) -> Response:
        """`{"text"}`: a direct message."""
        account = self.network.get_account(request)
        text, dialogue_id = str(request.json().get("text", "")), request.parts[0]
        voice = make_voice("message", request, account)

        def accept(plan: Plan) -> Response:
            if first := self.network.repeated(account, voice.key):
                return answer(self.talk.show(request, self.network.store.entries[first]), 200)
            dialogue = self.talk.get_dialogue(account, dialogue_id)
            return answer(self.talk.show(request, self.talk.write(dialogue, voice, text, plan)), 201)

        return await self.network.call(request, account, "message", text, accept)

    async def write_privately(self, request: Request) -> Response:
        """`{"text"}`: a direct message to whoever wrote a comment, one for each comment."""
        account = self.network.get_account(request)
        text, entry_id = str(request.json().get("text", "")), request.parts[0]
        voice = make_voice("private", request, account)

        def accept(plan: Plan) -> Response:
            if first := self.network.repeated(account, voice.key):
                return answer(self.talk.show(request, self.network.store.entries[first]), 200)
            entry = self.talk.get_entry(account, entry_id)
            return answer(self.talk.show(request, self.talk.write_privately(entry, voice, text, plan)), 201)

        return await self.network.call(request, account, "message", text, accept)

    async def list_private(self, request: Request) -> Response:
        """What was said in private to a comment, the newest first."""
        account = self.network.get_account(request)
        before, limit = read_page(request, "before", 2**62)

        def accept(_: Plan) -> Response:
            entry = self.talk.get_entry(account, request.parts[0], deleted=True)
            return self._newest(request, self.talk.list_private(account, entry), "messages", before, limit)

        return await self.network.call(request, account, "read", request.path, accept)

    async def act(self, request: Request) -> Response:
        """`{"act"}`: like, hide, delete and the others; what is so already is answered as if it was done."""
        account = self.network.get_account(request)
        act, entry_id = str(request.json().get("act", "")), request.parts[0]

        def accept(_: Plan) -> Response:
            known = self.network.store.entries.get(entry_id)
            if act == "delete" and known is not None and known.account == account.name and known.deleted:
                return answer(self.talk.show(request, known))
            return answer(self.talk.show(request, self.talk.act(self.talk.get_entry(account, entry_id), act)))

        return await self.network.call(request, account, "act", f"{entry_id}/{act}", accept)

    async def relate(self, request: Request) -> Response:
        """`{"act"}`: block, mute, and back; by the id of an author."""
        account = self.network.get_account(request)
        act, author_id = str(request.json().get("act", "")), request.parts[0]

        def accept(_: Plan) -> Response:
            self.talk.relate(account, author_id, act)
            return answer(
                {"id": author_id, "blocked": author_id in account.blocked, "muted": author_id in account.muted}
            )

        return await self.network.call(request, account, "act", f"{author_id}/{act}", accept)

    async def put_hook(self, request: Request) -> Response:
        """`{"url": ...}`: where hooks go from now on; empty for nowhere."""
        self.guard.require_key(request)
        url = str(request.json().get("url") or "")
        if url and urlsplit(url).scheme not in ("http", "https"):
            raise Refusal(422, "bad_url", "A hook goes to an address of http or https.", "url")
        self.hooks.url = url
        return answer({"url": url})


def make_voice(kind: str, request: Request, account: Account) -> Voice:
    """The account's own, with the keys of the call; one of another kind of thing means nothing."""
    key = request.header(b"idempotency-key")
    reference = request.header(b"x-client-reference")
    return Voice(account.name, account=account, key=f"{kind}/{key}" if key else "", reference=reference)
