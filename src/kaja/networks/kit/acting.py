"""An act on its way is a delivery like any other: this makes the publisher of a moderator.

Nothing of it counts as irreversible, so whatever is unclear is simply done again.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit.connector import Connector, Publisher, Stage
from kaja.networks.kit.content import Kind, Outgoing
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.http import Session
from kaja.networks.kit.moderation import Act, Moderator
from kaja.networks.kit.results import (
    AbsentAsOf,
    CannotTell,
    Changed,
    Checkpoint,
    Listing,
    NoSuchPost,
    Reconciliation,
    RemoteRef,
    Resolution,
    Sent,
    StageResult,
)

STAGE = "act"
NO_ADDRESS = Problem(
    "act_without_address",
    gettext_noop("What was done to a message stands at no address, and in no list."),
)
ACT, AUTHOR = "act", "author"
"""Options of an act on its way: what is done, and to whom (`reading.Author.id`). Its target is `Outgoing.reply_to`."""


@dataclass(frozen=True)
class ActPublisher:
    """Carries acts out as deliveries. Nothing of it counts as irreversible, so what is unclear is simply done again."""

    moderator: Moderator
    kinds: frozenset[Kind] = frozenset({"act"})

    def stages(self, outgoing: Outgoing, facts: Facts) -> tuple[Stage, ...]:
        return (Stage(STAGE),)

    async def run(
        self, stage: str, outgoing: Outgoing, checkpoint: Checkpoint, facts: Facts, session: Session
    ) -> StageResult:
        target, act = outgoing.reply_to, cast(Act, str(outgoing.options[ACT]))
        if target is None:
            raise ValueError("an act that is done to nothing")
        result = await self.moderator.act(act, target, str(outgoing.options.get(AUTHOR) or ""), facts, session)
        if not isinstance(result, Changed):
            return result
        # The same may be done to the same again, after it was taken back: each is an object of its own.
        return Sent(RemoteRef(outgoing.key, target.url, {"type": f"act:{act}"}))

    async def find_delivery(
        self, outgoing: Outgoing, checkpoint: Checkpoint, facts: Facts, session: Session
    ) -> Reconciliation:
        return AbsentAsOf(datetime.now(UTC))

    async def find_post(self, url: str, facts: Facts, session: Session) -> Resolution:
        return NoSuchPost(NO_ADDRESS)

    async def list_recent(self, since: datetime, facts: Facts, session: Session) -> Listing | CannotTell:
        return CannotTell(NO_ADDRESS)


def find_publisher(connector: Connector, kind: str) -> Publisher | None:
    """What sends a message of that kind (`content.Kind`) on a network; None where nothing does."""
    if kind == "act":
        return ActPublisher(connector.moderator) if connector.moderator is not None else None
    return connector.publisher
