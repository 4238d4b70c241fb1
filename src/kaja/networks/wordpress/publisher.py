"""Sending articles and comments, and finding them again; each part has a module of its own."""

from datetime import datetime

from kaja.networks.kit.connector import Facts, Stage
from kaja.networks.kit.content import Kind, Outgoing
from kaja.networks.kit.guards import looking, run_guarded
from kaja.networks.kit.http import Session
from kaja.networks.kit.results import CannotTell, Checkpoint, Listing, Reconciliation, Resolution, StageResult
from kaja.networks.wordpress import delivery, lookup

kinds: frozenset[Kind] = frozenset({"post", "comment"})


def stages(outgoing: Outgoing, facts: Facts) -> tuple[Stage, ...]:
    return delivery.list_stages(outgoing)


async def run(stage: str, outgoing: Outgoing, checkpoint: Checkpoint, facts: Facts, session: Session) -> StageResult:
    irreversible = stage in (delivery.PUBLISH, delivery.COMMENT)
    return await run_guarded(delivery.run_stage(stage, outgoing, checkpoint, facts, session), irreversible=irreversible)


@looking
async def find_delivery(outgoing: Outgoing, checkpoint: Checkpoint, facts: Facts, session: Session) -> Reconciliation:
    return await delivery.find_delivery(outgoing, checkpoint, facts, session)


@looking
async def find_post(url: str, facts: Facts, session: Session) -> Resolution:
    return await lookup.find_post(url, facts, session)


@looking
async def list_recent(since: datetime, facts: Facts, session: Session) -> Listing | CannotTell:
    return await lookup.list_articles(since, facts, session)
