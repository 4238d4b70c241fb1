"""Has rows ready before their time, and begins them when it comes."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from kaja.delivery.engine import decide
from kaja.delivery.engine.claim import Share, find_share, read_ready
from kaja.delivery.engine.pace import Pace
from kaja.delivery.engine.prepare import FactsCache, Prepared, prepare
from kaja.delivery.engine.ready import Ready, ReadyRows
from kaja.delivery.engine.row import Claimed, Work
from kaja.delivery.engine.run import Runner, log_error, open_work
from kaja.kernel.vault import VaultError

log = logging.getLogger(__name__)
TICK = 0.02


class Readying:
    """One worker's rows that are ready. `start` runs a coroutine as one of the worker's tasks, `room` says for how many
    more there is room, `missed` is called when something is left to the usual way."""

    def __init__(
        self,
        runner: Runner,
        facts: FactsCache,
        pace: Pace,
        worker: int,
        *,
        start: Callable[[Any], None],
        room: Callable[[], int],
        missed: Callable[[], None],
    ) -> None:
        self._runner, self._facts, self._pace, self._worker = runner, facts, pace, worker
        self._start, self._room, self._missed = start, room, missed
        self.share = Share()
        self.rows = ReadyRows()
        self._some = asyncio.Event()
        self._after = (datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0))
        self._ahead_of_us = timedelta()
        """By how much the database's clock is ahead of ours."""

    def now(self) -> datetime:
        """As the database tells it, which decides what is due."""
        return datetime.now(UTC) + self._ahead_of_us

    def busy_channels(self) -> list[UUID]:
        return self.rows.list_channels(self.now())

    # Reading

    async def read(self, connection: AsyncConnection[Any]) -> bool:
        """Read what is due soon, once; whether there is more, and room for it."""
        self.share = await find_share(connection, self._worker, self._pace.gone)
        answer = await (await connection.execute("SELECT clock_timestamp()")).fetchone()
        assert answer is not None
        self._ahead_of_us = answer[0] - datetime.now(UTC)
        most = min(self._pace.ready - self.rows.number, self._pace.batch)
        if most <= 0:
            return False
        rows = await read_ready(connection, most, self._pace.ready_before, self.share, *self._after)
        if rows:
            self._after = max((row.next_at, row.id) for row in rows if row.next_at is not None)
            rows.sort(key=lambda row: (row.next_at, row.due_at, row.id))
            for ready in await self._make(rows):
                self.rows.add(ready)
            self._some.set()
        return len(rows) == most

    async def _make(self, rows: Sequence[Claimed]) -> list[Ready]:
        now = datetime.now(UTC)
        wanted = [row for row in rows if not decide.forbids_ahead(row, now)]
        try:
            prepared = await prepare(wanted, self._facts, now, self._pace)
        except Exception as error:  # noqa: BLE001 - the usual way says what is wrong, one row at a time
            log_error(wanted[0], error)
            return []
        return [ready for each in prepared if (ready := _open(each)) is not None]

    # Beginning

    async def begin(self, stopped: Callable[[], bool]) -> None:
        """Begin what is due, until stopped."""
        while not stopped():
            self._some.clear()
            begun = 0
            for ready in self.rows.take_due(self.now(), min(self._room(), self._pace.ready_step)):
                begun += 1
                self._start(self._run(ready))
            if begun:
                await asyncio.sleep(TICK)
                continue
            due = self.rows.next_due()
            seconds = (due - self.now()).total_seconds() if due else self._pace.poll
            try:
                async with asyncio.timeout(max(seconds, TICK)):
                    await self._some.wait()
            except TimeoutError:
                pass

    async def _run(self, ready: Ready) -> None:
        """One row, which hands its channel on to the next as soon as that is free."""
        channel = ready.work.row.channel_id
        handed_on = False

        def hand_on() -> None:
            nonlocal handed_on
            if self._runner.stopping or self._room() < 0:
                return
            following = self.rows.take_next(channel, self.now())
            if following is not None:
                handed_on = True
                self._start(self._run(following))

        had = False
        try:
            row = ready.work.row
            if not decide.is_late(row, datetime.now(UTC)):
                had = await self._runner.run_ready(ready, self._worker, hand_on)
        finally:
            if not had:
                self.rows.drop(channel)
                self._missed()
            elif not handed_on:
                self.rows.give_back(channel)
                self._some.set()


def _open(each: Prepared) -> Ready | None:
    """What the call of a row needs; None when it is not the call that comes next, or anything is wrong with it."""
    work: Work | None = each.work
    if work is None:
        return None
    try:
        outgoing, session = open_work(work)
        stages = work.publisher.stages(outgoing, work.facts)
        stage = work.row.stage or stages[0].name
        return (
            Ready(work, outgoing, session, stage) if any(s.name == stage and s.irreversible for s in stages) else None
        )
    except (VaultError, OSError):
        return None
    except Exception as error:  # noqa: BLE001 - the usual way says what is wrong
        log_error(work.row, error)
        return None
