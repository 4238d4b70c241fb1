"""A claimed delivery with all that is needed to run it, from one query."""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from kaja.networks.kit.connector import Connector, Facts
from kaja.networks.kit.results import Checkpoint, RemoteRef
from kaja.publishing.frozen import Frozen
from kaja.publishing.models import Kind, State


@dataclass(slots=True)
class Claimed:
    """Mutable, because stage, checkpoint and lease move on while the worker holds it. Belongs to one task."""

    id: UUID
    workspace_id: UUID
    variant_id: UUID
    channel_id: UUID
    post_id: UUID
    kind: Kind
    position: int
    state: State
    due_at: datetime
    fence: int
    stage: str
    checkpoint: Checkpoint
    content: Frozen | None
    post_revision: int
    tries: int
    uncertain_since: datetime | None
    needs_person: bool
    removed: bool
    overrides: dict[str, Any]
    options: dict[str, Any]
    document: dict[str, Any]
    planned: bool
    revision: int
    network: str
    account_id: str
    base_url: str
    handle: str
    channel_name: str
    facts: dict[str, Any]
    health: str
    health_failures: int
    disconnected: bool
    credentials: bytes
    late_limit_minutes: int
    quota_until: datetime | None
    reply_to: dict[str, Any] | None
    root: dict[str, Any] | None
    first_call: datetime | None
    witness: dict[str, Any] | None
    waited: float | None
    """How long the longest irreversible call of an uncertain row went on, in seconds."""
    doubted: list[str] | None
    """Texts of the channel of which nobody knows yet whether they stand there; only for rows that are to be sent."""
    lease_ends: float = 0.0
    """On the boot clock, which also runs while the process or the machine sleeps."""

    def __post_init__(self) -> None:
        self.state, self.kind = State(self.state), Kind(self.kind)


def boot_clock() -> float:
    """Seconds since the machine started, asleep or not."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def parse_ref(stored: dict[str, Any] | None) -> RemoteRef | None:
    return RemoteRef(stored["id"], stored.get("url") or "", stored.get("data") or {}) if stored else None


def render_ref(ref: RemoteRef) -> dict[str, Any]:
    return {"id": ref.id, "url": ref.url, "data": dict(ref.data)}


@dataclass(slots=True)
class Work:
    """A claimed row beside the connector and the facts of its channel."""

    row: Claimed
    connector: Connector
    facts: Facts
