"""Before its time: what nobody sees is staged (files, containers), so that then only the call that counts is left.

The row stays scheduled and free: it keeps nothing of its channel from going out, and whoever changes the post takes it
from us by its fence, as ever. What was staged stands in the row's checkpoint, beside the content that it was made of;
when the time comes the source is asked once more whether that is still what is to go out (`prepare.py`).
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from psycopg import AsyncConnection

from kaja.delivery.engine import decide
from kaja.delivery.engine.claim import claim_ahead
from kaja.delivery.engine.decide import Ahead
from kaja.delivery.engine.journal import Journal, JournalBroken
from kaja.delivery.engine.pace import Pace
from kaja.delivery.engine.prepare import FactsCache, Prepared, prepare
from kaja.delivery.engine.row import Claimed, Work, boot_clock
from kaja.delivery.engine.run import Runner, log_error, note_health, open_work, record_of
from kaja.kernel.vault import VaultError


class Stager:
    """One worker's work ahead of time. It has tasks of its own, and ends at once when the worker is told to stop."""

    def __init__(self, journal: Journal, runner: Runner, facts: FactsCache, pace: Pace, worker: int) -> None:
        self._journal = journal
        self._runner = runner
        self._facts = facts
        self._pace = pace
        self._worker = worker
        self._running: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Something was planned."""
        self._wake.set()

    async def run(self, connection: AsyncConnection[Any]) -> None:
        """Until cancelled; what is under way then is given back."""
        try:
            while True:
                self._wake.clear()
                room = self._pace.ahead_in_flight - len(self._running)
                if room > 0:
                    claimed_at = boot_clock()
                    await self._start(await claim_ahead(connection, room, self._pace, self._worker), claimed_at)
                await self._rest()
        finally:
            for task in self._running:
                task.cancel()
            if self._running:
                await asyncio.wait(self._running)

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(self._pace.ahead_poll):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _start(self, rows: Sequence[Claimed], claimed_at: float) -> None:
        if not rows:
            return
        for row in rows:
            row.lease_ends = claimed_at + self._pace.lease
        for each in await self._prepare(rows):
            task = asyncio.create_task(self._stage(each))
            self._running.add(task)
            task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._running.discard(task)
        self._wake.set()

    async def _prepare(self, rows: Sequence[Claimed]) -> list[Prepared]:
        try:
            return await prepare(rows, self._facts, _now(), self._pace)
        except Exception as error:  # noqa: BLE001 - the usual way says what is wrong, one row at a time
            log_error(rows[0], error)
            return [Prepared(None, row) for row in rows]

    async def _stage(self, each: Prepared) -> None:
        """Never raises, but when it is cancelled: what it cannot write is over with its lease."""
        row = each.row
        try:
            if each.work is None or decide.forbids_ahead(row, _now()):
                await self._journal.finish_ahead(row, decide.put_off_ahead(row, _now(), self._pace))
            else:
                await self._run_stages(each.work)
        except asyncio.CancelledError:
            # The worker ends. An upload that is broken off has made nothing, and another worker may begin at once.
            self._journal.leave_ahead(row, Ahead(row.stage, row.checkpoint, _now()))
            raise
        except (VaultError, JournalBroken):
            pass
        except Exception as error:  # noqa: BLE001 - one row's trouble must not stop the others
            log_error(row, error)

    async def _run_stages(self, work: Work) -> None:
        row = work.row
        outgoing, session = open_work(work)
        stages = work.publisher.stages(outgoing, work.facts)
        names = [stage.name for stage in stages]
        ahead = {stage.name for stage in stages if stage.ahead}
        if (row.stage or names[0]) not in ahead:
            await self._journal.finish_ahead(row, Ahead(row.stage, row.checkpoint))
            return
        row.stage = row.stage or names[0]
        while True:
            attempt = await self._journal.begin_ahead(row, row.stage, work.own)
            if attempt is None:
                # Taken over, planned anew, or paused.
                await self._journal.finish_ahead(row, decide.put_off_ahead(row, _now(), self._pace))
                return
            result = await self._runner.call_stage(work, outgoing, session, False)
            verdict = decide.after_ahead(row, result, stages=names, ahead=ahead, now=_now(), pace=self._pace)
            await note_health(row, session, result)
            if not await self._journal.finish_ahead(row, verdict, record_of(attempt, result, session)):
                return
            row.stage, row.checkpoint = verdict.stage, verdict.checkpoint
            if not verdict.goes_on:
                return


def _now() -> datetime:
    return datetime.now(UTC)
