"""The journal and the results, written by one task in batches: a commit costs the same for one row as for fifty.

Everything is written `WHERE fence = mine`. A worker whose row was taken over is told so by the answer False; what it
saw is still kept as evidence in its attempt. Repeating a batch after a lost connection changes nothing.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

import psycopg
from psycopg import AsyncConnection

from kaja.channels.sessions import KEEP_QUOTAS
from kaja.delivery.engine.budgets import Budgets
from kaja.delivery.engine.claim import enter
from kaja.delivery.engine.decide import Ahead, Verdict
from kaja.delivery.engine.lines import (
    Item,
    Record,
    disown,
    dump,
    live_payloads,
    render_ahead,
    render_finish,
)
from kaja.delivery.engine.pace import Pace
from kaja.delivery.engine.row import Claimed, boot_clock
from kaja.delivery.engine.statements import (
    BEGIN,
    BEGIN_AHEAD,
    BY_INDEX,
    FINISH,
    FINISH_AHEAD,
    NOTIFY,
    RENEW,
    RENEW_AHEAD,
    TAKE,
    TRY_TO_WRITE,
)
from kaja.delivery.models import State
from kaja.kernel.ids import new_id
from kaja.kernel.loops import Loop, describe_error, is_lost_database, telling
from kaja.kernel.signals import LIVE
from kaja.kernel.tenancy import SystemPurpose

__all__ = ["Journal", "JournalBroken", "Record"]

log = logging.getLogger(__name__)
_STATEMENTS = {
    "finish": FINISH, "begin": BEGIN, "renew": RENEW,
    "finish ahead": FINISH_AHEAD, "begin ahead": BEGIN_AHEAD, "renew ahead": RENEW_AHEAD, "take": TAKE,
}  # fmt: skip
"""In the order in which a batch is written: who ends frees the channel for the one that is taken next."""


class JournalBroken(Exception):
    """Nothing can be written, so nothing may be sent: the worker has to end."""


async def _takes_writes(connection: AsyncConnection[Any]) -> bool:
    """Whether the database would let us write at all: asked by statements that touch no row."""
    try:
        for statement in TRY_TO_WRITE:
            await connection.execute(statement)
    except psycopg.Error:
        return False
    return True


class Journal:
    """One writer per worker. `connect` gives a fresh connection whenever the old one is lost."""

    def __init__(self, connect: Callable[[], Awaitable[AsyncConnection[Any]]], pace: Pace, worker: str) -> None:
        self._connect = connect
        self._pace = pace
        self._worker = worker
        self._waiting: list[Item] = []
        self._budgets = Budgets()
        self._some = asyncio.Event()
        self._closing = False
        self._broken: JournalBroken | None = None
        self._loop = Loop("deliveries: journal", longest=2.0)
        self.commits = 0

    def _add(self, kind: str, row: Claimed, values: dict[str, Any]) -> "asyncio.Future[bool]":
        if self._broken is not None:
            raise JournalBroken from self._broken
        item = Item(kind, values, row, asyncio.get_running_loop().create_future())
        self._waiting.append(item)
        self._some.set()
        return item.done

    async def begin(
        self, row: Claimed, stage: str, irreversible: bool, made: Mapping[str, Any] | None = None
    ) -> UUID | None:
        """Open an attempt and renew the lease. None: the row is no longer ours, or may not be sent any more.

        `made`: content that was frozen just now, by position, for this row and those that follow it.
        """
        attempt = new_id()
        started = boot_clock()
        values = {
            "id": row.id,
            "attempt": attempt,
            "fence": row.fence,
            "stage": stage,
            "irreversible": irreversible,
            "made": made,
            "checkpoint": row.checkpoint if made else None,
        }
        if not await self._add("begin", row, values):
            return None
        # Counted from before the statement, so our end is never later than the row's.
        row.lease_ends = started + self._pace.lease
        return attempt

    async def take(self, row: Claimed, stage: str, made: Mapping[str, Any] | None, worker: int) -> UUID | None:
        """Take a row that was read before its time, and open the attempt of its irreversible call, in one statement.
        None: it is not as it was read, or may not go now; it is whoever's it was."""
        attempt, started = new_id(), boot_clock()
        values = {
            "id": row.id, "attempt": attempt, "fence": row.fence, "stage": stage, "made": made,
            "checkpoint": row.checkpoint if made else None, "worker": worker,
        }  # fmt: skip
        if not await self._add("take", row, values):
            return None
        row.state, row.stage, row.lease_ends = State.SENDING, stage, started + self._pace.lease
        row.fence += 1
        return attempt

    async def finish(
        self, row: Claimed, verdict: Verdict, record: Record | None = None, then: Callable[[], None] | None = None
    ) -> bool:
        """Close the attempt and move the row. False: the row was taken over meanwhile; only the evidence was kept.

        `then` is called at once: what it has taken is written together with this, and after it.
        """
        record = record or Record(None)
        self._note_budgets(row, record)
        values = render_finish(row, verdict, record)
        written = self._add("finish", row, values)
        if then is not None:
            then()
        ours = await written
        if ours:
            row.state, row.stage, row.checkpoint = verdict.state, verdict.stage, verdict.checkpoint
            row.uncertain_since = verdict.uncertain_since
        return ours

    def _note_budgets(self, row: Claimed, record: Record) -> None:
        for quota in record.quotas.values():
            self._budgets.note(row, quota)

    async def renew(self, row: Claimed) -> bool:
        """Give a long upload more time."""
        started = boot_clock()
        kind = "renew ahead" if row.state == State.SCHEDULED else "renew"
        ours = await self._add(kind, row, {"id": row.id, "fence": row.fence})
        if ours:
            row.lease_ends = started + self._pace.lease
        return ours

    # Before a row's time

    async def begin_ahead(self, row: Claimed, stage: str, made: Mapping[str, Any] | None) -> UUID | None:
        """Open the attempt of a stage that runs ahead of the row's time. None: no longer ours, or not wanted now."""
        attempt, started = new_id(), boot_clock()
        values = {"id": row.id, "attempt": attempt, "fence": row.fence, "stage": stage, "made": made}
        values["checkpoint"] = row.checkpoint if made else None
        if not await self._add("begin ahead", row, values):
            return None
        row.lease_ends = started + self._pace.lease
        return attempt

    async def finish_ahead(self, row: Claimed, ahead: Ahead, record: Record | None = None) -> bool:
        """Close the attempt and keep what was staged. False: the row was taken over, or planned anew."""
        return await self.leave_ahead(row, ahead, record)

    def leave_ahead(self, row: Claimed, ahead: Ahead, record: Record | None = None) -> "asyncio.Future[bool]":
        """The same for who cannot wait for it."""
        record = record or Record(None)
        self._note_budgets(row, record)
        return self._add("finish ahead", row, render_ahead(row, ahead, record))

    def close(self) -> None:
        """Write what is waiting, then let `run` return."""
        self._closing = True
        self._some.set()

    async def run(self) -> None:
        """Write batches until closed; outlives lost connections, nothing that waits is dropped.

        Raises JournalBroken, as does then whoever waits, when the database is there and refuses what is written.
        """
        try:
            async with telling(self._loop) as news:
                await self._run(news)
        except JournalBroken as broken:
            self._broken = broken
            for item in self._waiting:
                item.fail(broken)
            raise

    async def _run(self, news: asyncio.Event) -> None:
        connection: AsyncConnection[Any] | None = None
        while True:
            await self._wait_for_some()
            if self._waiting:
                await asyncio.sleep(self._pace.flush)
            batch, self._waiting = self._waiting, []
            quotas = self._budgets.take(everything=self._closing)
            if not batch and not quotas:
                if self._closing:
                    break
                continue
            try:
                connection = await self._write_surely(connection, batch, quotas, news)
            except JournalBroken as broken:
                for item in batch:
                    item.fail(broken)
                raise
        if connection is not None:
            await connection.close()

    async def _wait_for_some(self) -> None:
        """Until there is something to write; what budgets are waits with it, though not for ever."""
        if self._waiting or self._closing:
            return
        self._some.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._budgets.seconds_left()):
                await self._some.wait()

    async def _write_surely(
        self,
        connection: AsyncConnection[Any] | None,
        batch: list[Item],
        quotas: list[dict[str, Any]],
        news: asyncio.Event,
    ) -> AsyncConnection[Any]:
        """Try until the batch is written; gives the connection that serves now."""
        singly = again = False
        refused_since: float | None = None
        while True:
            try:
                if connection is None or connection.closed:
                    connection = await self._connect()
                    connection.prepare_threshold = None
                    await connection.execute(BY_INDEX)
                kept = await (
                    self._write_singly(connection, batch, again)
                    if singly
                    else self._write(connection, batch, quotas, again)
                )
                break
            except (psycopg.IntegrityError, psycopg.DataError):
                singly = True  # one row that cannot be written must not hold up the others
                continue
            except Exception as error:  # the rule for loops: told, counted, begun again
                if not is_lost_database(error):
                    if connection is not None and await _takes_writes(connection):
                        singly = True  # it is about a row, whatever it is
                        continue
                    refused_since = boot_clock() if refused_since is None else refused_since
                    if boot_clock() - refused_since > self._pace.write_patience:
                        log.error("the database takes no writes: the worker ends")
                        raise JournalBroken from error
                again = True
                pause = self._loop.note_failure(error)
                news.set()
                log.warning("%s results are waiting to be written", len(batch))
                if connection is not None:
                    with contextlib.suppress(psycopg.Error):
                        await connection.close()
                connection = None
                await asyncio.sleep(pause)
        self._loop.note_well()
        for item in batch:
            item.settle(id(item) in kept)
        return connection

    async def _write_singly(self, connection: AsyncConnection[Any], batch: list[Item], again: bool) -> set[int]:
        kept: set[int] = set()
        for item in batch:
            try:
                kept |= await self._write(connection, [item], [], again)
            except Exception as error:
                own = isinstance(error, psycopg.IntegrityError | psycopg.DataError)
                if not own and (is_lost_database(error) or not await _takes_writes(connection)):
                    raise
                if isinstance(error, psycopg.errors.UniqueViolation) and disown(item):
                    kept |= await self._write(connection, [item], [])
                    continue
                if own and item.kind == "take":
                    continue  # two workers met on one channel; the other has it
                # Its lease runs out; then the journal decides what is safe.
                log.error("delivery %s could not be written: %s", item.row.id, describe_error(error))
        return kept

    async def _write(
        self, connection: AsyncConnection[Any], batch: list[Item], quotas: list[dict[str, Any]], again: bool = False
    ) -> set[int]:
        rows: dict[str, list[Item]] = {kind: [] for kind in _STATEMENTS}
        for item in batch:
            rows[item.kind].append(item)
        kept: set[int] = set()
        # Retrying while the answer to an earlier try was lost is harmless: attempts have our ids, rows our fence.
        async with connection.transaction():
            await enter(connection, SystemPurpose.CLAIM)
            for kind, items in rows.items():
                if kind == "take" and quotas:
                    await connection.execute(KEEP_QUOTAS, [dump(quotas)])  # what is taken looks at them
                    quotas = []
                if not items:
                    continue
                items.sort(key=lambda item: item.row.id)
                parameters = {
                    "rows": dump([item.values for item in items]),
                    "lease": self._pace.lease,
                    "worker": self._worker,
                    "again": again,
                }
                cursor = await connection.execute(_STATEMENTS[kind], parameters)
                ours = {record[0] for record in await cursor.fetchall()}
                kept |= {id(item) for item in items if item.row.id in ours}
            payloads = live_payloads([item for item in rows["finish"] if id(item) in kept])
            if payloads:
                await connection.execute(NOTIFY, [LIVE, payloads])
        self.commits += 1
        return kept
