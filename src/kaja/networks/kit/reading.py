"""Reading: what the audience and others left on a network. A capability that a connector may have as `reader`."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from kaja.networks.kit.facts import Facts
from kaja.networks.kit.http import Session
from kaja.networks.kit.results import ChannelTrouble, Later, NeedsReconnect, Rejected, Unknown

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
    language: str = ""
    rating: int | None = None
    media: tuple[RemoteMedia, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    """What an answer to it needs (`RemoteRef.data`)."""
    more: Mapping[str, Any] = field(default_factory=dict)


def render_incoming(item: Incoming) -> dict[str, Any]:
    """As it is stored: JSON values only, without signs that no text of a database holds."""
    stored: dict[str, Any] = _storable({**asdict(item), "at": item.at.isoformat()})
    return stored


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {_storable(key): _storable(inner) for key, inner in value.items()}
    return [_storable(inner) for inner in value] if isinstance(value, list | tuple) else value


@dataclass(frozen=True)
class Page:
    """A piece of a stream. Reading goes on with `cursor`, after `again_after` seconds; at once when there is more.

    The same thing may be read again, and in whatever order: who takes a page in keeps each thing once. A cursor never
    passes anything that the network may still begin to list.
    """

    items: tuple[Incoming, ...]
    cursor: Cursor
    again_after: float
    complete_until: datetime | None = None
    """Everything before this moment that the network lists was read, as of this page; None: not known yet."""
    reaches_back: datetime | None = None
    """How far back the stream was read, where that is known: the oldest that the network gave."""
    backlog: bool = False
    """Whether what was there before is still being read; the newest may come first."""


ReadResult = Page | Later | NeedsReconnect | ChannelTrouble | Rejected | Unknown


class Reader(Protocol):
    """What can be read of an account, by name ("comments")."""

    streams: tuple[str, ...]

    async def read(self, stream: str, cursor: Cursor, facts: Facts, session: Session) -> ReadResult: ...


def find_reader(connector: object) -> Reader | None:
    """A connector's reader; None for a network that is not read."""
    return getattr(connector, "reader", None)
