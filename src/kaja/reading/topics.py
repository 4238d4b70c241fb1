"""What can be asked. A topic asks a network and says what to keep and when to ask again; the loop does the rest."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from kaja.kernel.problems import Problem
from kaja.networks.kit.connector import Connector
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.http import Session


@dataclass(slots=True)
class Claimed:
    """A poll that this worker has, with what it takes to ask."""

    id: UUID
    workspace_id: UUID
    channel_id: UUID
    what: str
    subject_id: UUID | None
    cursor: dict[str, Any]
    fence: int
    failures: int
    network: str
    account_id: str
    base_url: str
    handle: str
    channel_name: str
    facts: dict[str, Any]
    health: str
    grant_id: UUID | None
    credentials: bytes | None
    own_credentials: bytes
    quotas: list[dict[str, Any]]


@dataclass(frozen=True)
class Asked:
    """One look: whose, at what, from where on."""

    row: Claimed
    connector: Connector
    facts: Facts
    session: Session
    moment: datetime


@dataclass(frozen=True)
class Answer:
    """How a look ended. `keep` writes what was read, inside the workspace's scope, in the transaction that moves the
    cursor; it may meet what it has kept before."""

    again_after: float | None
    """Seconds; None: not until something wakes it."""
    cursor: dict[str, Any] | None = None
    """None: as it was."""
    keep: Callable[[], None] | None = None
    problem: Problem | None = None
    """Set when the look failed; then the pauses grow, and `again_after` is the least of them."""
    leave_alone: float = 0.0
    """Seconds for which not even a hook may lead to another look: the network asked for that."""


class Topic(Protocol):
    """One kind of question."""

    what: str
    on_broken: bool
    """Whether it is asked while the channel needs to be connected again."""
    budgeted: bool
    """Whether it stands back when what is left of the channel's budgets is needed for sending."""
    spread: float
    """Seconds after the account was asked last within which a channel's first look comes."""

    def is_for(self, connector: Connector) -> bool: ...
    async def ask(self, asked: Asked) -> Answer: ...


@dataclass
class Topics:
    """The topics of this installation by name."""

    by_name: dict[str, Topic] = field(default_factory=dict)

    def add(self, topic: Topic) -> None:
        self.by_name[topic.what] = topic

    def list_wanted(self, connectors: dict[str, Connector]) -> list[tuple[str, str, float]]:
        """Every network with each topic that is for it, and the topic's spread."""
        return [
            (network, topic.what, topic.spread)
            for network, connector in connectors.items()
            for topic in self.by_name.values()
            if topic.is_for(connector)
        ]
