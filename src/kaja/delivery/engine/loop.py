"""The worker's loop: wake, claim, run, until told to stop. The one set of async files in Kaja lives in this folder."""

import asyncio
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg.types.json import set_json_loads

from kaja.delivery import problems
from kaja.delivery.actions.holding import hold_everything
from kaja.delivery.engine import decide, housekeeping
from kaja.delivery.engine.claim import claim_due, next_wake, take_over
from kaja.delivery.engine.journal import Journal, JournalBroken
from kaja.delivery.engine.lines import dump
from kaja.delivery.engine.pace import Pace
from kaja.delivery.engine.prepare import FactsCache, Prepared, prepare
from kaja.delivery.engine.readying import Readying
from kaja.delivery.engine.row import Claimed, boot_clock, read_json
from kaja.delivery.engine.run import Runner
from kaja.delivery.engine.signs import Signs
from kaja.delivery.engine.staging import Stager
from kaja.delivery.engine.steady import Steadiness
from kaja.delivery.engine.threads import close_connections, in_thread
from kaja.delivery.models import State
from kaja.kernel.loops import describe_error, is_lost_database, keep_running
from kaja.kernel.problems import Problem
from kaja.kernel.signals import DUE
from kaja.networks.kit.http import close_pools
from kaja.workspaces.actor import make_system_actor
from kaja.workspaces.models import Held

log = logging.getLogger(__name__)
CUT_OFF = 1.0
"""Seconds that are left to the writer when `run` is cancelled."""


def _render(problem: Problem) -> str:
    return dump([problems.render_problem(problem)])[1:-1]


class Engine:
    """One worker. `address` holds psycopg connection parameters of the application's role."""

    def __init__(self, address: dict[str, Any], pace: Pace | None = None) -> None:
        self.pace = pace or Pace.from_environment()
        self.name = f"{socket.gethostname()}:{os.getpid()}"[:80]
        self._address = address
        self._journal = Journal(self.connect, self.pace, self.name)
        self._runner = Runner(self._journal, self.pace)
        self._facts = FactsCache()
        self.clocks = Steadiness()
        self._signs = Signs(self.connect, self.pace, _render(problems.WORKER_GONE))
        self._stager = Stager(self._journal, self._runner, self._facts, self.pace, self._signs.key)
        self._wake = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()
        self._readying = Readying(
            self._runner, self._facts, self.pace, self._signs.key,
            start=self._start_task, room=lambda: self.pace.in_flight - len(self._running), missed=self._wake.set,
        )  # fmt: skip
        self._stopping = False

    async def connect(self) -> AsyncConnection[Any]:
        """A connection whose forgotten transaction the server ends: a stopped worker must not hold locks for long."""
        # What the journal says must survive a crash of the server, or a begun call would be forgotten.
        forgotten = int(self.pace.lease * 500)
        options = f"-c timezone=UTC -c synchronous_commit=on -c idle_in_transaction_session_timeout={forgotten}"
        own = {"connect_timeout": 5, "options": options, "application_name": f"kaja-worker:{os.getpid()}"}
        connection = await AsyncConnection.connect(**{**self._address, **own}, autocommit=True)
        set_json_loads(read_json, connection)
        return connection

    def stop(self) -> None:
        """Claim no more; calls under way are finished and written."""
        self._stopping = self._runner.stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Work until `stop`; returns when everything that was under way is written.

        Raises JournalBroken when nothing can be written any more: without a journal nothing may be sent, so the
        process ends and says so, and whoever looks after it starts another.
        """
        writer = asyncio.create_task(self._journal.run())
        helpers = [
            self._keep("listen", self._listen),
            self._keep("signs", lambda: self._signs.run(self._wake.set)),
            self._keep("events", self._tell),
            self._keep("ready", self._read_ready),
            self._keep("begin", lambda: self._readying.begin(lambda: self._stopping)),
            self._keep("wake what waited", self._wake_held),
        ]
        ahead = self._keep("ahead", self._stage_ahead)
        helpers.append(ahead)
        patience = CUT_OFF
        try:
            claiming = self._keep("claim", self._claim)
            helpers.append(claiming)
            await asyncio.wait([writer, claiming], return_when=asyncio.FIRST_COMPLETED)
            if writer.done():
                writer.result()
            claiming.result()
            ahead.cancel()  # first of all: what it gives back is to be written
            await asyncio.wait([ahead])
            if self._running:
                await asyncio.wait(self._running, timeout=self.pace.lease)
            patience = self.pace.lease
        finally:
            for helper in helpers:
                helper.cancel()
            self._journal.close()
            # Cancelled, because the database is gone and nobody waits any longer: then the writer cannot finish either.
            await asyncio.wait([writer, *helpers], timeout=patience)
            writer.cancel()
            await close_pools()
            close_connections()

    def _keep(self, name: str, work: Callable[[], Awaitable[None]]) -> "asyncio.Task[None]":
        return asyncio.create_task(
            keep_running(f"deliveries: {name}", work, stopped=lambda: self._stopping, longest=5.0), name=name
        )

    # Waking

    async def _listen(self) -> None:
        async with await self.connect() as connection:
            await connection.execute(f"LISTEN {DUE}")
            self._wake.set()  # what was announced while nobody listened
            while not self._stopping:
                async for _ in connection.notifies(timeout=60, stop_after=1):
                    self._wake.set()
                    self._stager.wake()
                await connection.execute("SELECT 1")

    async def _stage_ahead(self) -> None:
        async with await self.connect() as connection:
            await self._stager.run(connection)

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(max(seconds, 0.001)):
                await self._wake.wait()
        except TimeoutError:
            pass

    # Claiming

    async def _claim(self) -> None:
        recovered = 0.0
        async with await self.connect() as connection:
            while not self._stopping:
                self._wake.clear()
                if boot_clock() - recovered > self.pace.recover:
                    # Also while there is always something to send: whom a lost worker left waits no longer for that.
                    recovered = boot_clock()
                    await self._recover(connection)
                room = self.pace.in_flight - len(self._running)
                if room <= 0:
                    await self._sleep(self.pace.overdue_poll)
                    continue
                await self._hold_after_jump(connection)
                started = boot_clock()
                limit = min(room, self.pace.batch)
                try:
                    rows = await claim_due(
                        connection, limit, self.pace.lease, self._signs.key, share=self._readying.share,
                        others=self.pace.others, ready=self._readying.busy_channels(),
                    )  # fmt: skip
                except psycopg.errors.UniqueViolation:
                    continue  # two workers met on one channel; the other has it
                if rows:
                    await self._start(rows, started)
                if len(rows) == limit:
                    continue
                spent = boot_clock() - started
                if rows:
                    await asyncio.sleep(max(self.pace.claim_pause, spent))
                else:
                    await self._rest(connection, spent)

    async def _hold_after_jump(self, connection: AsyncConnection[Any]) -> None:
        """Before anything is taken by a time that may be wrong."""
        if (right_until := await self.clocks.find_jump(connection)) is not None:
            log.error("a clock jumped by more than five minutes; nothing is sent until `kaja settle`")
            await in_thread(hold_everything, make_system_actor("Kaja"), Held.CLOCK, right_until)
            self.clocks.note_held()

    async def _read_ready(self) -> None:
        async with await self.connect() as connection:
            while not self._stopping:
                await self._hold_after_jump(connection)
                if not await self._readying.read(connection):
                    await asyncio.sleep(self.pace.ready_poll)

    async def _rest(self, connection: AsyncConnection[Any], spent: float) -> None:
        """Sleep until the next row is due, or something happens."""
        if await self._recover(connection):
            return
        due = await next_wake(connection)
        seconds = self.pace.poll
        if due is not None:
            seconds = min(seconds, (due - datetime.now(UTC)).total_seconds())
        if seconds <= 0:
            # Due, and not to be had: its channel is busy, here or on another machine. What is ready needs no claim.
            seconds = max(self.pace.overdue_poll, 3 * spent, min(1.0, len(self._readying.busy_channels()) / 200))
            if self._wake.is_set():
                seconds = max(self.pace.claim_pause, spent)
                self._wake.clear()
        await self._sleep(seconds)

    async def _recover(self, connection: AsyncConnection[Any]) -> int:
        """Take rows from workers that are gone; gives their number."""
        return await take_over(connection, _render(problems.WORKER_GONE))

    async def _start(self, rows: list[Claimed], claimed_at: float) -> None:
        for row in rows:
            row.lease_ends = claimed_at + self.pace.lease
        for each in await self._prepare(rows):
            self._start_task(self._run_one(each), self._done)

    async def _prepare(self, rows: list[Claimed]) -> list[Prepared]:
        try:
            return await prepare(rows, self._facts, datetime.now(UTC), self.pace)
        except Exception as error:  # noqa: BLE001 - one row that nobody can prepare must not keep the others from going out
            if is_lost_database(error):
                log.warning("%s rows could not be prepared: %s", len(rows), type(error).__name__)
                return [self._given_back(row) for row in rows if row.state == State.SENDING]
            log.error("%s rows could not be prepared: %s", len(rows), describe_error(error))
            if len(rows) > 1:
                return [each for row in rows for each in await self._prepare([row])]
            return [Prepared(None, rows[0], decide.put_off(rows[0], datetime.now(UTC), self.pace))]

    def _given_back(self, row: Claimed) -> Prepared:
        """Nothing was called: it need not wait until its lease has run out, only until the journal can write."""
        return Prepared(None, row, decide.hand_back(row, datetime.now(UTC), self.pace.recover))

    def _start_task(
        self, work: Coroutine[Any, Any, None], done: Callable[["asyncio.Task[None]"], None] | None = None
    ) -> None:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(done or self._running.discard)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._running.discard(task)
        self._wake.set()  # its channel is free again

    async def _run_one(self, each: Prepared) -> None:
        if each.work is not None:
            await self._runner.run(each.work)
            return
        if each.stale:
            await self._follow(each)
        assert each.verdict is not None
        with suppress(JournalBroken):  # the worker ends; the lease settles the row
            await self._journal.finish(each.row, each.verdict)

    async def _follow(self, each: Prepared) -> None:
        """Have its source bring it up to date, which takes it from us; where that fails it comes again, later."""
        row = each.row
        try:
            await in_thread(housekeeping.bring_up_to_date, row.workspace_id, row.source_kind, row.source_id)
        except Exception as error:  # noqa: BLE001 - only this one waits
            if is_lost_database(error):
                log.warning("the source of %s could not be brought up to date: %s", row.id, type(error).__name__)
                each.verdict = self._given_back(row).verdict
                return
            log.error("the source of %s could not be brought up to date: %s", row.id, describe_error(error))
            each.verdict = decide.put_off(row, datetime.now(UTC), self.pace)

    async def _tell(self) -> None:
        await in_thread(housekeeping.take_up_set_aside)
        while not self._stopping:
            if not await in_thread(housekeeping.tell_events):
                await asyncio.sleep(housekeeping.EVERY)

    async def _wake_held(self) -> None:
        while not self._stopping:
            if await in_thread(housekeeping.wake_reconnected):
                self._wake.set()
            await asyncio.sleep(housekeeping.WAKE_EVERY)
