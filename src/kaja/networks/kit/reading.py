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


@dataclass(frozen=True)
class Author:
    """Who wrote something, as the network names them. `is_us`: the channel's own account."""

    id: str
    handle: str = ""
    name: str = ""
    is_us: bool = False


@dataclass(frozen=True)
class Incoming:
    """One thing that was read. `id` is unique in its stream of its channel, whatever else changes."""

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
    url: str = ""
    state: Literal["there", "hidden", "edited", "deleted"] = "there"
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


ReadResult = Page | Later | NeedsReconnect | ChannelTrouble | Rejected | Unknown


class Reader(Protocol):
    """What can be read of an account, by name ("comments")."""

    streams: tuple[str, ...]

    async def read(self, stream: str, cursor: Cursor, facts: Facts, session: Session) -> ReadResult: ...


def find_reader(connector: object) -> Reader | None:
    """A connector's reader; None for a network that is not read."""
    return getattr(connector, "reader", None)
