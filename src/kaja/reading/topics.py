"""What can be asked. A topic asks a network and says what to keep and when to ask again; the loop does the rest."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from kaja.kernel.problems import Problem
from kaja.networks.kit.connector import Connector
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.guards import problem_of
from kaja.networks.kit.http import Session
from kaja.networks.kit.outcome import Failure
from kaja.networks.kit.results import Later


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
    unread: int = 0
    """How many entries of the answer were in a form that nobody could read."""


FIRST_PAUSE = 10.0


def make_failed(failure: Failure) -> Answer:
    """The end of a look that brought nothing. A sign-in that was refused is for the look at the account to judge; a
    channel that is connected again is woken."""
    if isinstance(failure, Later):
        return Answer(failure.after, problem=failure.reason, leave_alone=failure.after)
    return Answer(FIRST_PAUSE, problem=problem_of(failure))


class Topic(Protocol):
    """One kind of question."""

    what: str
    on_broken: bool
    """Whether it is asked while the channel needs to be connected again."""
    share: float | None
    """Of each of the channel's budgets that it may use, the rest is for sending; None: it is asked in any case."""
    spread: float | None
    """Seconds after the account was asked last within which a channel's first look comes. None: something else says
    what is to be asked, and when."""

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
            if topic.spread is not None and topic.is_for(connector)
        ]
