"""What the practice network remembers. Times are seconds since 1970 (UTC)."""

from bisect import bisect_right
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, Generic, TypeVar

KINDS = ("keyed", "plain", "staged")
"""keyed: a repeated Idempotency-Key answers with the first post. plain: every request makes a post.
staged: a container is made, processed, then published, without a key."""
LIKE, SHARE, FOLLOW = SIGNS = ("like", "share", "follow")
REACTIONS = "reactions"
"""The stream of signs, which are no entries."""
COMMENTS, MENTIONS, DIRECT, REVIEWS = STREAMS = ("comments", "mentions", "direct", "reviews")


def iso(seconds: float) -> str:
    """A time as the API writes it: UTC, milliseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(slots=True)
class Medium:
    """An uploaded file; its bytes stand in the data folder under its id."""

    id: str
    account: str
    mime: str
    size: int
    alt: str
    created: float


@dataclass(slots=True)
class Entry:
    """Something that was said to an account, or by it in answer: a comment, a mention, a direct message, a review.

    `person` is the invented person who said it (`people.py`), empty for a visitor who gave a name and for the account.
    """

    id: str
    account: str
    """In whose streams it stands."""
    stream: str
    author: str
    by_account: bool
    text: str
    created: float
    listed: float
    """When lists begin to show it."""
    stored: float
    """When it was taken in: later than `created` for what is told of the past."""
    place: str = ""
    """The post that a comment stands under, the dialogue of a message."""
    person: str = ""
    parent: str = ""
    thread: str = ""
    """The first entry of the branch; of a message its dialogue."""
    language: str = ""
    rating: int = 0
    theme: str = ""
    """What the story of the audience calls it, so that its author can go on."""
    state: str = "there"
    edited: float = 0.0
    deleted: float = 0.0
    liked: bool = False
    reported: bool = False
    reference: str = ""
    requests: int = 1
    revision: int = 0
    """Grows with every change: the order in which streams tell of it."""
    changed: float = 0.0


@dataclass(slots=True)
class Sign:
    """Somebody likes or shares a post, or follows the account: once, however often they take it back."""

    id: str
    account: str
    kind: str
    author: str
    created: float
    """When they did it last."""
    stored: float
    listed: float
    post: str = ""
    person: str = ""
    gone: float = 0.0
    """When they took it back last."""
    revision: int = 0
    changed: float = 0.0

    @property
    def who(self) -> str:
        return self.person or self.author

    @property
    def there(self) -> bool:
        return not self.gone or self.created > self.gone


S = TypeVar("S", Entry, Sign)


class Feed(Generic[S]):
    """One stream of one account, by revisions: what changed stands once, at its newest."""

    __slots__ = ("_rows", "_stale")

    def __init__(self) -> None:
        self._rows: list[tuple[int, S]] = []
        self._stale = 0

    def __len__(self) -> int:
        return len(self._rows) - self._stale

    def put(self, entry: S, revision: int, at: float) -> None:
        self._stale += entry.revision > 0
        entry.revision, entry.changed = revision, at
        self._rows.append((revision, entry))
        if self._stale > 100 and self._stale * 2 > len(self._rows):
            self.drop(())

    def drop(self, gone: Collection[str]) -> None:
        """Without these, and without what stands further on in a newer form."""
        self._rows = [row for row in self._rows if row[0] == row[1].revision and row[1].id not in gone]
        self._stale = 0

    def list_after(self, revision: int) -> Iterator[S]:
        """What changed after that, the oldest change first."""
        for number in range(bisect_right(self._rows, revision, key=itemgetter(0)), len(self._rows)):
            row = self._rows[number]
            if row[0] == row[1].revision:
                yield row[1]

    def list_said_before(self, edge: tuple[float, int]) -> Iterator[S]:
        """What was said before a moment and an id, the last said first."""
        said = [(entry.created, int(entry.id), entry) for revision, entry in self._rows if revision == entry.revision]
        said = [row for row in said if row[:2] < edge]
        said.sort(key=itemgetter(0, 1), reverse=True)
        return (row[2] for row in said)

    def list_newest(self) -> Iterator[S]:
        """The newest change first."""
        return (entry for revision, entry in reversed(self._rows) if revision == entry.revision)


@dataclass(slots=True)
class Dialogue:
    """Direct messages between an account and one person."""

    id: str
    account: str
    person: str
    name: str
    messages: list[Entry] = field(default_factory=list)


@dataclass(slots=True)
class Post:
    """A published post. `listed` is when lists begin to show it; `requests` counts publish calls answered with it."""

    id: str
    account: str
    text: str
    media: tuple[str, ...]
    reply_to: str
    title: str
    warning: str
    language: str
    created: float
    listed: float
    reference: str = ""
    edited: float = 0.0
    deleted: float = 0.0
    requests: int = 1
    container: str = ""
    format: str = "feed"
    fields: dict[str, Any] = field(default_factory=dict)
    finished: float = 0.0
    """When a two-stage publish call is over that was answered with "publishing"; 0 when it was over at once."""
    likes: set[str] = field(default_factory=set)
    shares: set[str] = field(default_factory=set)
    comments: list[Entry] = field(default_factory=list)
    replies: list["Post"] = field(default_factory=list)


@dataclass(slots=True)
class Container:
    """A post that waits to be published in two stages. `failure` is told when processing is over."""

    id: str
    account: str
    body: dict[str, Any]
    created: float
    ready: float
    failure: str = ""
    posts: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Account:
    """Somebody who publishes here. Keys of `keys` are idempotency keys, values the first object's id."""

    id: str
    name: str
    kind: str
    created: float
    workspace: str = ""
    posts: list[Post] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    window_start: float = 0.0
    window_used: int = 0
    feeds: dict[str, Feed[Entry]] = field(default_factory=lambda: {stream: Feed() for stream in STREAMS})
    dialogues: dict[str, Dialogue] = field(default_factory=dict)
    signs: dict[tuple[str, str, str], Sign] = field(default_factory=dict)
    """By kind, post and who."""
    signs_feed: Feed[Sign] = field(default_factory=Feed)
    followers: set[str] = field(default_factory=set)
    blocked: set[str] = field(default_factory=set)
    muted: set[str] = field(default_factory=set)
    blocked_by: set[str] = field(default_factory=set)
    """All three by the id of an author."""
    active: float = 0.0
    """When it last posted or answered."""


@dataclass(slots=True)
class App:
    """A developer app: who may ask for consents, and where people are sent back to."""

    client_id: str
    name: str
    secret: str
    """Its digest."""
    back: str


@dataclass(slots=True)
class Consent:
    """What one person allowed one app. A refresh token opens once; the one before it goes on opening until the tokens
    that it brought were used, so that an answer that was lost costs nobody the consent."""

    id: str
    client_id: str
    person: str
    workspace: str
    lasts: float
    renews: bool
    accounts: list[str]
    readable: list[str]
    """Accounts that are shown, and that may not be sent to."""
    refresh: str = ""
    before: str = ""
    spent: set[str] = field(default_factory=set)
    access: dict[str, float] = field(default_factory=dict)
    """When access tokens end, by digest."""
    page_tokens: set[str] = field(default_factory=set)
    """Digests of what single accounts of it are used with."""
    over: bool = False
