"""A claimed delivery with all that is needed to run it, from one query."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncCursor
from pydantic_core import from_json

from kaja.delivery.frozen import Frozen
from kaja.delivery.models import Kind, State
from kaja.networks.kit.acting import find_publisher
from kaja.networks.kit.connector import Connector, Publisher
from kaja.networks.kit.content import Media
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.results import Checkpoint, RemoteRef


@dataclass(slots=True)
class ChannelAccess:
    """The channel of a claimed row: how one gets at it, how it fares, and until when its budgets are used up."""

    network: str
    account_id: str
    base_url: str
    handle: str
    name: str
    facts: dict[str, Any]
    health: str
    health_failures: int
    disconnected: bool
    grant_id: UUID | None
    credentials: bytes | None
    """Of its consent; `own_credentials` are the channel's own."""
    own_credentials: bytes
    quota_until: datetime | None


@dataclass(slots=True)
class Claimed:
    """A row as it was claimed, for one task. Mutable, because stage, checkpoint and lease move on while it is held."""

    id: UUID
    workspace_id: UUID
    source_kind: str
    source_id: UUID
    subject_id: UUID | None
    channel_id: UUID
    kind: Kind
    position: int
    state: State
    due_at: datetime
    fence: int
    stage: str
    checkpoint: Checkpoint
    content: dict[str, Any] | None
    """As it is stored; `Work.frozen` is what it says."""
    version: int
    allowed: bool
    tries: int
    uncertain_since: datetime | None
    needs_person: bool
    late_limit_minutes: int | None
    reply_to: dict[str, Any] | None
    root: dict[str, Any] | None
    first_call: datetime | None
    witness: dict[str, Any] | None
    waited: float | None
    """How long the longest irreversible call of an uncertain row went on, in seconds."""
    doubted: list[str] | None
    """Texts of the channel of which nobody knows yet whether they stand there; only for rows that are to be sent."""
    access: ChannelAccess
    made_ahead: bool = False
    """Its content was made when something of it was staged before its time; no call that counts has begun since."""
    ahead_tries: int = 0
    next_at: datetime | None = None
    lease_ends: float = 0.0
    """On the boot clock, which also runs while the process or the machine sleeps."""

    def __post_init__(self) -> None:
        self.state, self.kind = State(self.state), Kind(self.kind)

    @property
    def may_stand(self) -> bool:
        """It stands on the network, or may: what its source has become since does not matter any more."""
        return self.state in (State.PROCESSING, State.UNCERTAIN)


def read_claimed(cursor: AsyncCursor[Any]) -> Callable[[Sequence[Any]], Claimed]:
    """psycopg's row factory: the columns of the row by their names, those of its channel as `access_...`."""
    names = [column.name for column in cursor.description or ()]
    own = [(place, name) for place, name in enumerate(names) if not name.startswith("access_")]
    its = [(place, name.removeprefix("access_")) for place, name in enumerate(names) if name.startswith("access_")]

    def make(values: Sequence[Any]) -> Claimed:
        access = ChannelAccess(**{name: values[place] for place, name in its})
        return Claimed(**{name: values[place] for place, name in own}, access=access)

    return make


def read_json(stored: str | bytes) -> Any:
    """What stands in a row as JSON, for psycopg: three times as quick as its own. What is nested deeper than the quick
    one goes is still read."""
    try:
        return from_json(stored)
    except ValueError:
        return json.loads(stored)


def boot_clock() -> float:
    """Seconds since the machine started, asleep or not."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def parse_ref(stored: dict[str, Any] | None) -> RemoteRef | None:
    return RemoteRef(stored["id"], stored.get("url") or "", stored.get("data") or {}) if stored else None


def render_ref(ref: RemoteRef) -> dict[str, Any]:
    return {"id": ref.id, "url": ref.url, "data": dict(ref.data)}


@dataclass(slots=True)
class Work:
    """A claimed row beside the connector and the facts of its channel, what it sends, and its files by `Media.key`.

    `at`: the moment that content which is made now is to bear.
    `made`: frozen just now, by position: its own content and that of what follows it; written when the call begins.
    """

    row: Claimed
    connector: Connector
    facts: Facts
    at: datetime
    frozen: Frozen | None = None
    opened: Mapping[str, Media] = field(default_factory=dict)
    made: dict[str, Any] | None = None

    @property
    def own(self) -> dict[str, Any] | None:
        """What was frozen just now for the row itself."""
        position = str(self.row.position)
        return {position: self.made[position]} if self.made and position in self.made else None

    @property
    def publisher(self) -> Publisher:
        """What sends it; a row of a network without one is refused before."""
        publisher = find_publisher(self.connector, self.row.kind.value)
        assert publisher is not None, (self.connector.info.key, self.row.kind)
        return publisher
