"""Sending statuses, and finding them again; each part has a module of its own."""

from datetime import datetime

from kaja.networks.kit.connector import Facts, Stage
from kaja.networks.kit.content import Kind, Outgoing
from kaja.networks.kit.guards import looking
from kaja.networks.kit.http import Session, TransportError
from kaja.networks.kit.outcome import NOT_SENT_AFTER
from kaja.networks.kit.results import (
    CannotTell,
    Checkpoint,
    Later,
    Listing,
    Reconciliation,
    Rejected,
    Resolution,
    StageResult,
)
from kaja.networks.mastodon import delivery, reconcile, refusals
from kaja.networks.mastodon.api import is_missing

kinds: frozenset[Kind] = frozenset({"post", "continuation", "comment"})


def stages(outgoing: Outgoing, facts: Facts) -> tuple[Stage, ...]:
    return delivery.list_stages(outgoing)


async def run(stage: str, outgoing: Outgoing, checkpoint: Checkpoint, facts: Facts, session: Session) -> StageResult:
    result = await delivery.run_stage(stage, outgoing, checkpoint, facts, session)
    if stage == delivery.PUBLISH and isinstance(result, Rejected):
        try:
            return await refusals.explain_refusal(result, outgoing, checkpoint, facts, session)
        except TransportError as error:  # an answer that cannot be read: refused it was, and why may be seen later
            return Later(NOT_SENT_AFTER, error.problem)
    if isinstance(result, Rejected) and is_missing(result):
        return refusals.explain_missing(result, session)
    return result


@looking
async def find_delivery(outgoing: Outgoing, checkpoint: Checkpoint, facts: Facts, session: Session) -> Reconciliation:
    return await reconcile.find_status(outgoing, checkpoint, facts, session)


@looking
async def find_post(url: str, facts: Facts, session: Session) -> Resolution:
    return await reconcile.find_status_at(url, facts, session)


@looking
async def list_recent(since: datetime, facts: Facts, session: Session) -> Listing | CannotTell:
    return await reconcile.list_statuses(since, facts, session)
