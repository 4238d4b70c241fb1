"""Two kinds of senders, for tests of what is staged before its time, and a worker that does it step by step."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from psycopg import AsyncConnection

from kaja.channels.models import Channel
from kaja.content import actions as content
from kaja.content.document import Document, PartDocument
from kaja.delivery.engine.claim import claim_ahead
from kaja.delivery.engine.journal import Journal
from kaja.delivery.engine.loop import Engine
from kaja.delivery.engine.prepare import FactsCache, prepare
from kaja.delivery.engine.row import Claimed, Work
from kaja.delivery.models import Delivery, State
from kaja.delivery.worker.main import get_address
from kaja.kernel.clock import now
from kaja.kernel.tenancy import workspace_scope
from kaja.publishing.actions import delete_posts
from kaja.workspaces.models import Workspace
from tests.delivery import memos
from tests.publishing.delivering import ACTOR, QUICK, deliveries_of, later, plan_post

T = TypeVar("T")
WORKER = 4711


@dataclass(frozen=True)
class Sender:
    """One message of a source."""

    workspace: Workspace
    id: UUID
    change: Callable[[str], None]
    withdraw: Callable[[], None]
    move: Callable[[datetime], None]
    row: Callable[[], Delivery]

    def has_state(self, state: State) -> bool:
        return self.row().state == state

    def come_due(self) -> None:
        """Its time comes: as if the clock had moved, for nobody planned it anew."""
        with workspace_scope(self.workspace.id):
            Delivery.objects.filter(id=self.row().id).update(due_at=now(), next_at=now())


def send_post(workspace: Workspace, channel: Channel, text: str) -> Sender:
    post = plan_post(workspace, [channel], text, due_at=later(600))

    def act(what: Callable[[], object]) -> None:
        with workspace_scope(workspace.id):
            what()

    def say(text: str) -> content.Changes:
        return {"document": Document(parts=(PartDocument(text=text),))}

    return Sender(
        workspace,
        post.id,
        lambda text: act(lambda: content.update_post(ACTOR, post.id, None, say(text))),
        lambda: act(lambda: delete_posts(ACTOR, [post.id])),
        lambda at: act(lambda: content.update_post(ACTOR, post.id, None, {"due_at": at})),
        lambda: deliveries_of(workspace, post)[0],
    )


def send_memo(workspace: Workspace, channel: Channel, text: str) -> Sender:
    memo_id = memos.send(workspace, channel, text, later(600))
    return Sender(
        workspace,
        memo_id,
        lambda text: memos.change(workspace, memo_id, text),
        lambda: memos.withdraw(workspace, memo_id),
        lambda at: memos.move(workspace, memo_id, at),
        lambda: memos.delivery_of(workspace, memo_id),
    )


SENDERS: dict[str, Callable[[Workspace, Channel, str], Sender]] = {"post": send_post, "memo": send_memo}


def by_hand(work: Callable[[AsyncConnection[Any], Journal], Awaitable[T]]) -> T:
    """Run `work(connection, journal)` in a loop of its own, as a worker would."""
    address = get_address()

    async def whole() -> T:
        engine = Engine(address, QUICK)
        journal = Journal(engine.connect, QUICK, "hand:1")
        writer = asyncio.create_task(journal.run())
        async with await engine.connect() as own:
            try:
                return await work(own, journal)
            finally:
                journal.close()
                await writer

    return asyncio.run(whole())


async def take_ahead(own: AsyncConnection[Any], delivery_id: UUID, worker: int = WORKER) -> Claimed:
    """The row, taken to stage something of it."""
    [row] = [row for row in await claim_ahead(own, 50, QUICK, worker) if row.id == delivery_id]
    return row


async def make_work(row: Claimed) -> Work:
    """Its content, asked of the source."""
    [prepared] = await prepare([row], FactsCache(), now(), QUICK)
    assert prepared.work is not None
    return prepared.work
