"""Comments and reviews below a site's articles and pages, and the same looked at again.

https://developer.wordpress.org/rest-api/reference/comments/, read 2026-11-30. Who moderates sees what is held back,
spam and the bin, too (`status=any`, `type=all`); for others the site leaves them out without a word (seen: 6.8).
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from kaja.networks.kit.answers import parse_time, read_list, read_object, read_server_time
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.guards import Failed, reading
from kaja.networks.kit.http import Session
from kaja.networks.kit.reading import Again, Cursor, Incoming, ThreadPage
from kaja.networks.kit.results import Rejected
from kaja.networks.kit.walks import CursorExpired, Listed, ListReader, Walk, parse_each
from kaja.networks.wordpress.api import REST
from kaja.networks.wordpress.comments import ROUTE
from kaja.networks.wordpress.incoming import Comment, build_incoming

COMMENTS = "comments"
_PAGE, _OVERLAP, _LEVELS = 100, 10, 12  # a site shows threads at most ten deep
_FIELDS = "id,post,parent,author,author_name,author_url,author_avatar_urls,date_gmt,content,link,status,type,meta"
_ASKED: dict[str, str | int] = {"_fields": _FIELDS, "per_page": _PAGE, "status": "any", "type": "all"}
_LATE = timedelta(seconds=30)

at_once = 50


@dataclass
class _Reading:
    """One look: the account, and the parents of comments that were seen in it."""

    facts: Facts
    session: Session
    parents: dict[int, int] = field(default_factory=dict)

    async def list_comments(self, cursor: str, **params: str | int) -> Listed[Comment]:
        """A page, newest first. Comments are counted from the top, so each page overlaps the one before: where nothing
        of that is left, so much was deleted meanwhile that something may have been passed over."""
        place, _, named = cursor.partition(":")
        offset, known = int(place or 0), {int(each) for each in named.split(",") if each}
        answer = await REST.call(self.session, "GET", ROUTE, params={**_ASKED, **params, "offset": offset})
        page = read_list(answer)
        # To who does not moderate a page shows only some of its comments.
        if (
            known
            and "moderate_comments" in self.facts.permissions
            and not known & {_number(each, "id") for each in page}
        ):
            raise CursorExpired
        await self.learn_parents(page)
        last = ",".join(str(_number(comment, "id")) for comment in page[-_OVERLAP:])
        total = answer.headers.get("x-wp-total", "")
        ends = offset + _PAGE >= int(total) if total.isdecimal() else len(page) < _PAGE
        return Listed(page, "" if ends else f"{offset + _PAGE - _OVERLAP}:{last}", read_server_time(answer))

    async def learn_parents(self, page: list[Comment]) -> None:
        """Which comment each of these stands below, up to the top, as far as the site shows them."""
        for _ in range(_LEVELS):
            self.parents |= {_number(comment, "id"): _number(comment, "parent") for comment in page}
            unknown = sorted({each for each in self.parents.values() if each and each not in self.parents})
            if not unknown:
                return
            page = await self.fetch(unknown[:_PAGE])
            self.parents |= dict.fromkeys(set(unknown[:_PAGE]) - {_number(comment, "id") for comment in page}, 0)

    async def fetch(self, ids: list[int]) -> list[Comment]:
        """Raises Failed."""
        asked = {**_ASKED, "include": ",".join(map(str, ids))}
        return read_list(await REST.call(self.session, "GET", ROUTE, params=asked))

    async def parse(self, comment: Comment) -> Incoming | None:
        return build_incoming(comment, self.parents, self.facts)


def _number(comment: Comment, name: str) -> int:
    """0 where it says none: such an entry is told apart when it is parsed."""
    return value if isinstance(value := comment.get(name), int) else 0


def _posted_at(comment: Comment) -> datetime | None:
    return parse_time(comment.get("date_gmt"))


def _open_walk(stream: str, facts: Facts, session: Session) -> Walk[Comment]:
    look = _Reading(facts, session)
    return Walk(look.list_comments, _posted_at, lambda _: "", look.parse, _LATE, 30.0)


READER = ListReader((COMMENTS,), _open_walk)


@reading
async def read_thread(post: str, cursor: Cursor, facts: Facts, session: Session) -> ThreadPage:
    look, at = _Reading(facts, session), str(cursor.get("next") or "")
    try:
        listed = await look.list_comments(at, post=post)
    except CursorExpired:
        return ThreadPage((), {"next": ""})
    except Failed as failed:
        if not isinstance(failed.result, Rejected):
            raise
        return ThreadPage(())  # the article is gone, or not for this account any more
    items, unread = await parse_each(listed.entries, look.parse)
    return ThreadPage(items, {"next": listed.more} if listed.more else None, unread=unread)


@reading
async def read_again(ids: tuple[str, ...], facts: Facts, session: Session) -> Again:
    look, gone = _Reading(facts, session), set[str]()
    found = await look.fetch([int(each) for each in ids])
    for each in sorted(set(ids) - {str(_number(comment, "id")) for comment in found}):
        try:  # a list leaves out without a word what a look at the comment itself may show
            answer = await REST.call(session, "GET", f"{ROUTE}/{each}", params={"_fields": _FIELDS})
            found.append(read_object(answer, "id"))
        except Failed as failed:
            if not isinstance(failed.result, Rejected):
                raise
            gone |= {each} if failed.gone else set()
    await look.learn_parents(found)
    items, unread = await parse_each(found, look.parse)
    return Again(items, frozenset(gone), unread)
