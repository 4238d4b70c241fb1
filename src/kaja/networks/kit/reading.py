"""Reading: what the audience and others left on a network. A capability that a connector may have as `reader`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal, Protocol

from kaja.kernel.problems import gettext_noop
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.http import Session
from kaja.networks.kit.outcome import Failure

REF_MOST = 500
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # but tab and line feed
Cursor = dict[str, Any]
"""Where reading stopped: JSON values only; belongs to the connector, kept by whoever reads."""
Kind = Literal["comment", "reply", "direct", "mention", "review"]
"""A comment stands under a post, a reply under a comment; a mention names the account elsewhere."""


@dataclass(frozen=True)
class Author:
    """Who wrote something, as the network names them. `is_us`: the channel's own account.

    `id` is one in the whole network: where servers number their accounts each for itself, it names the server too.
    `avatar` is an address outside, shown only through our own proxy.
    """

    id: str
    handle: str = ""
    name: str = ""
    is_us: bool = False
    url: str = ""
    avatar: str = ""


@dataclass(frozen=True)
class RemoteMedia:
    """A file that stands with a message on the network."""

    kind: Literal["image", "gif", "video", "audio", "file"]
    url: str
    preview: str = ""
    alt: str = ""


@dataclass(frozen=True)
class Incoming:
    """One thing that was read. `id` is unique in its channel, whatever else changes.

    `thread` names what it belongs to, the same for all that does, and whatever was read before: for comments the first
    comment of its branch, for a mention the post that began, for direct messages the dialogue.
    """

    id: str
    kind: Kind
    author: Author
    at: datetime
    text: str
    thread: str = ""
    parent: str = ""
    """The id of what it answers to, where that is no publication."""
    publication: str = ""
    """The id of the account's own post that it stands under."""
    post_url: str = ""
    """Where it stands under somebody else's post: that post's address."""
    url: str = ""
    state: Literal["there", "pending", "hidden", "edited", "deleted"] = "there"
    """Pending: the network waits for the account's approval."""
    edited_at: datetime | None = None
    """Of this form, where the network says it: it orders the forms of one thing, also a deletion and what came back.
    A deletion without it is the end."""
    language: str = ""
    rating: int | None = None
    media: tuple[RemoteMedia, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    """What an answer to it needs (`RemoteRef.data`)."""
    more: Mapping[str, Any] = field(default_factory=dict)


def shorten_ref(ref: str, most: int = REF_MOST) -> str:
    """A network's name of something, in as much room as it is given and without control characters, such that two that
    differ stay two."""
    clean = ref if ref.isprintable() else _CONTROLS.sub("", ref)
    if len(clean) <= most:
        return clean
    return f"{clean[: most - 65]}#{sha256(clean.encode('utf-8', 'replace')).hexdigest()}"


def render_incoming(item: Incoming) -> dict[str, Any]:
    """As it is stored: JSON values only, without signs that no text of a database holds."""
    edited_at = item.edited_at.isoformat() if item.edited_at else None
    # Not `asdict`, which copies every value: this is done for everything that is read.
    # Who wrote it is found by their id, when everything of somebody is wanted or forgotten.
    author = {**vars(item.author), "id": shorten_ref(item.author.id)}
    shown = {**vars(item), "at": item.at.isoformat(), "edited_at": edited_at, "author": author}
    shown["media"], shown["data"], shown["more"] = (
        _storable([vars(each) for each in item.media]), _storable(item.data), _storable(item.more)
    )  # fmt: skip
    if _is_storable("".join(value for value in (*shown.values(), *author.values()) if type(value) is str)):
        return shown
    stored: dict[str, Any] = _storable(shown)
    return stored


def _is_storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        if value.isprintable() and value.isascii():
            return value
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {_storable(key): _storable(inner) for key, inner in value.items()}
    return [_storable(inner) for inner in value] if isinstance(value, list | tuple) else value


ReactionKind = Literal["like", "repost", "quote", "follow"]


@dataclass(frozen=True)
class Reaction:
    """What somebody does without a word to the account: no message, and nobody waits for an answer.

    One person likes and shares a post once, and follows the account once: what they did anew is the same reaction, of
    which the newest moment counts, and so does the newest at which they took it back. It may come again, in any order.
    """

    id: str
    """The network's own name for it."""
    kind: ReactionKind
    author: Author
    at: datetime
    post: str = ""
    """The id of the account's own post; empty for a follower."""
    quote: str = ""
    """The id of their post that quotes: one person may quote a post more than once."""
    url: str = ""
    """Where that post stands."""
    gone_at: datetime | None = None
    """When it was taken back, where the network says so."""


@dataclass(frozen=True)
class Reactions:
    """What of that a network tells: `reactions` of its reader, with whose streams it comes."""

    kinds: tuple[ReactionKind, ...]
    tells_gone: bool = False
    """Whether it says when something is taken back; where it does not, that goes on standing here."""


@dataclass(frozen=True)
class Page:
    """A piece of a stream, read forwards. Goes on with `cursor`, after `again_after` seconds; 0 when there is more.

    The same thing may be read again, and in whatever order: who takes a page in keeps each thing once. A cursor never
    passes anything that the network may still begin to list. Times are the network's own, so that no clock counts.
    """

    items: tuple[Incoming, ...]
    cursor: Cursor
    again_after: float
    complete_until: datetime | None = None
    """Everything before this moment that the network lists was read, as of this page; None: not known yet."""
    reaches_back: datetime | None = None
    """Set where reading begins, or begins again because the network no longer knew a cursor: there is nothing older on
    this page, and what was read before it may end earlier."""
    before: Cursor | None = None
    """Set with it: where `History` goes on with what is older than this page. None: the network gives nothing older."""
    posts: tuple[str, ...] = ()
    """Posts of the account below which something has changed that the stream does not bring itself."""
    unread: int = 0
    """Entries in a form that nobody could read; they stop no other."""
    reactions: tuple[Reaction, ...] = ()


@dataclass(frozen=True)
class Past:
    """A piece of what was there before reading began, the newest first. `cursor` None: that was all there is."""

    items: tuple[Incoming, ...]
    cursor: Cursor | None
    reaches_back: datetime | None = None
    """The oldest that was read by now, where it is known."""
    unread: int = 0
    reactions: tuple[Reaction, ...] = ()


@dataclass(frozen=True)
class ThreadPage:
    """A piece of what stands below a post; `cursor` None: that was the last.

    `complete`: the network lists everything that is there. What was there and is missing is then asked for again, and
    where that cannot be done (`Rereader.at_once` 0) it is gone.
    """

    items: tuple[Incoming, ...]
    cursor: Cursor | None = None
    complete: bool = True
    unread: int = 0
    covers: tuple[str, ...] = ()
    """Other posts of the account below the same, whose comments were listed with these."""


@dataclass(frozen=True)
class Again:
    """What was asked for one by one: as it is now, or gone. Of what is in neither nobody knows anything."""

    items: tuple[Incoming, ...] = ()
    gone: frozenset[str] = frozenset()
    unread: int = 0


ReadResult = Page | Failure
PastResult = Past | Failure
ThreadResult = ThreadPage | Failure
AgainResult = Again | Failure


class Reader(Protocol):
    """What can be read of an account as it comes, by name (`STREAMS`). `read` begins with an empty cursor.

    A cursor that the network refuses is no failure: reading begins again, with `Page.before`.
    """

    @property
    def streams(self) -> tuple[str, ...]: ...

    async def read(self, stream: str, cursor: Cursor, facts: Facts, session: Session) -> ReadResult: ...


class History(Protocol):
    """What was there before: a capability beside `reader`. Begins with the cursor of a page's `before`."""

    async def read_before(self, stream: str, cursor: Cursor, facts: Facts, session: Session) -> PastResult: ...


class Rereader(Protocol):
    """Looking again at what was read, for networks do not tell of edits and deletions: a capability, `rereader`.

    `read_thread` lists what stands below a post of the account, whose id is all that is known of it. `read_again` asks
    for single things by their ids, at most `at_once`. Where a network lists comments only below a post, this is the
    only way to them, and a stream or a hook says which posts have changed (`Page.posts`).
    """

    @property
    def at_once(self) -> int: ...

    async def read_thread(self, post: str, cursor: Cursor, facts: Facts, session: Session) -> ThreadResult: ...
    async def read_again(self, ids: tuple[str, ...], facts: Facts, session: Session) -> AgainResult: ...


STREAMS: dict[str, str] = {
    "comments": gettext_noop("Comments"),
    "notifications": gettext_noop("Replies and mentions"),
    "own": gettext_noop("Our own answers"),
    "direct": gettext_noop("Direct messages"),
    "mentions": gettext_noop("Mentions"),
    "reviews": gettext_noop("Reviews"),
    "reactions": gettext_noop("Likes, shares and followers"),
}
"""What streams are called."""


def find_reader(connector: object) -> Reader | None:
    """A connector's reader; None for a network that is not read."""
    return getattr(connector, "reader", None)


def find_reactions(connector: object) -> Reactions | None:
    """None for a network that knows neither likes nor followers."""
    return getattr(find_reader(connector), "reactions", None)


def find_history(connector: object) -> History | None:
    """None for a network that tells nothing of what was before."""
    return getattr(connector, "history", None)


def find_rereader(connector: object) -> Rereader | None:
    """None for a network where nothing can be looked at again."""
    return getattr(connector, "rereader", None)
