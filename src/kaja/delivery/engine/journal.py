"""The journal and the results, written by one task in batches: a commit costs the same for one row as for fifty.

Everything is written `WHERE fence = mine`. A worker whose row was taken over is told so by the answer False; what it
saw is still kept as evidence in its attempt. Repeating a batch after a lost connection changes nothing.
"""

import asyncio
import contextlib
import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg import AsyncConnection

from kaja.channels.sessions import KEEP_QUOTAS, render_quota
from kaja.delivery.engine.claim import enter
from kaja.delivery.engine.decide import Verdict
from kaja.delivery.engine.pace import Pace
from kaja.delivery.engine.row import Claimed, boot_clock, render_ref
from kaja.delivery.engine.statements import BEGIN, FINISH, NOTIFY, RENEW, TRY_TO_WRITE
from kaja.delivery.events import BY_NAME, DeliveryEvent, DeliveryUncertain
from kaja.delivery.models import State
from kaja.delivery.problems import OWNED, SEEKING, render_problem
from kaja.kernel.events import is_heard
from kaja.kernel.ids import new_id
from kaja.kernel.loops import Loop, describe_error, is_lost_database, telling
from kaja.kernel.signals import LIVE
from kaja.kernel.tenancy import SystemPurpose
from kaja.networks.kit.quotas import Quota

log = logging.getLogger(__name__)

_NUL = re.compile(r"(\\\\)|\\u0000")
"""In JSON: an escaped NUL. Behind an escaped backslash the same signs are somebody's words, so those are kept whole."""
MANY = 20
"""More changes than this of one workspace in one batch are told as one."""


@dataclass(slots=True)
class Record:
    """What is known of a finished call: goes into its attempt whether or not the row is still ours."""

    attempt: UUID | None
    outcome: str = ""
    message: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    evidence: list[Any] = field(default_factory=list)
    quotas: Mapping[str, Quota] = field(default_factory=dict)


class JournalBroken(Exception):
    """Nothing can be written, so nothing may be sent: the worker has to end."""


@dataclass(slots=True)
class _Item:
    kind: str
    values: dict[str, Any]
    row: Claimed
    done: "asyncio.Future[bool]"

    def settle(self, kept: bool) -> None:
        if not self.done.done():
            self.done.set_result(kept)

    def fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)


async def _takes_writes(connection: AsyncConnection[Any]) -> bool:
    """Whether the database would let us write at all: asked by statements that touch no row."""
    try:
        for statement in TRY_TO_WRITE:
            await connection.execute(statement)
    except psycopg.Error:
        return False
    return True


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _dump(rows: list[dict[str, Any]]) -> str:
    # PostgreSQL's jsonb holds no NUL character; a network may well send one.
    text = json.dumps(rows, default=str)
    return _NUL.sub(r"\1", text) if r"\u0000" in text else text


class Journal:
    """One writer per worker. `connect` gives a fresh connection whenever the old one is lost."""

    def __init__(self, connect: Callable[[], Awaitable[AsyncConnection[Any]]], pace: Pace, worker: str) -> None:
        self._connect = connect
        self._pace = pace
        self._worker = worker
        self._waiting: list[_Item] = []
        self._quotas: dict[tuple[UUID, str], dict[str, Any]] = {}
        self._some = asyncio.Event()
        self._closing = False
        self._broken: JournalBroken | None = None
        self._loop = Loop("deliveries: journal", longest=2.0)
        self.commits = 0

    def _add(self, kind: str, row: Claimed, values: dict[str, Any]) -> "asyncio.Future[bool]":
        if self._broken is not None:
            raise JournalBroken from self._broken
        item = _Item(kind, values, row, asyncio.get_running_loop().create_future())
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
            "id": str(row.id),
            "attempt": str(attempt),
            "fence": row.fence,
            "stage": stage,
            "irreversible": irreversible,
            "made": made,
        }
        if not await self._add("begin", row, values):
            return None
        # Counted from before the statement, so our end is never later than the row's.
        row.lease_ends = started + self._pace.lease
        return attempt

    async def finish(self, row: Claimed, verdict: Verdict, record: Record | None = None) -> bool:
        """Close the attempt and move the row. False: the row was taken over meanwhile; only the evidence was kept."""
        record = record or Record(None)
        for quota in record.quotas.values():
            self._quotas[row.channel_id, quota.bucket[:60]] = render_quota(row.workspace_id, row.channel_id, quota)
        sent = verdict.state == State.SENT and verdict.ref is not None
        ref = verdict.ref if sent else None
        values = {
            "id": str(row.id),
            "attempt": str(record.attempt) if record.attempt else None,
            "fence": row.fence,
            "before": row.state.value,
            "state": verdict.state.value,
            "stage": verdict.stage,
            "checkpoint": verdict.checkpoint,
            "next_at": _time(verdict.next_at),
            "keeps": verdict.goes_on or verdict.repeat,
            "tries": min(verdict.tries, 30_000),
            "uncertain_since": _time(verdict.uncertain_since),
            "needs_person": verdict.needs_person,
            "problem": render_problem(verdict.problem) if verdict.problem else None,
            "candidates": list(verdict.candidates),
            "remote_id": ref.id[:500] if ref else None,
            "remote_url": ref.url[:1000] if ref else None,
            "data": render_ref(ref)["data"] if ref else None,
            "sent_at": _time(verdict.sent_at),
            "announce": verdict.announce if is_heard(BY_NAME.get(verdict.announce, DeliveryEvent)) else "",
            "outcome": record.outcome,
            "message": record.message[:300],
            "params": dict(record.params),
            "evidence": record.evidence,
            "at": datetime.now(UTC).isoformat(),
            "publication": str(new_id()),
        }
        ours = await self._add("finish", row, values)
        if ours:
            row.state, row.stage, row.checkpoint = verdict.state, verdict.stage, verdict.checkpoint
            row.uncertain_since = verdict.uncertain_since
        return ours

    async def renew(self, row: Claimed) -> bool:
        """Give a long upload more time."""
        started = boot_clock()
        ours = await self._add("renew", row, {"id": str(row.id), "fence": row.fence})
        if ours:
            row.lease_ends = started + self._pace.lease
        return ours

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
            await self._some.wait()
            if not self._waiting:
                if self._closing:
                    break
                self._some.clear()
                continue
            await asyncio.sleep(self._pace.flush)
            batch, self._waiting = self._waiting, []
            quotas, self._quotas = self._quotas, {}
            try:
                connection = await self._write_surely(connection, batch, [quotas[key] for key in sorted(quotas)], news)
            except JournalBroken as broken:
                for item in batch:
                    item.fail(broken)
                raise
        if connection is not None:
            await connection.close()

    async def _write_surely(
        self,
        connection: AsyncConnection[Any] | None,
        batch: list[_Item],
        quotas: list[dict[str, Any]],
        news: asyncio.Event,
    ) -> AsyncConnection[Any]:
        """Try until the batch is written; gives the connection that serves now."""
        singly = False
        refused_since: float | None = None
        while True:
            try:
                if connection is None or connection.closed:
                    connection = await self._connect()
                kept = await (
                    self._write_singly(connection, batch) if singly else self._write(connection, batch, quotas)
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

    async def _write_singly(self, connection: AsyncConnection[Any], batch: list[_Item]) -> set[int]:
        kept: set[int] = set()
        for item in batch:
            try:
                kept |= await self._write(connection, [item], [])
            except Exception as error:
                own = isinstance(error, psycopg.IntegrityError | psycopg.DataError)
                if not own and (is_lost_database(error) or not await _takes_writes(connection)):
                    raise
                if isinstance(error, psycopg.errors.UniqueViolation) and _disown(item):
                    kept |= await self._write(connection, [item], [])
                    continue
                # Its lease runs out; then the journal decides what is safe.
                log.error("delivery %s could not be written: %s", item.row.id, describe_error(error))
        return kept

    async def _write(
        self, connection: AsyncConnection[Any], batch: list[_Item], quotas: list[dict[str, Any]]
    ) -> set[int]:
        rows: dict[str, list[_Item]] = {"finish": [], "begin": [], "renew": []}
        for item in batch:
            rows[item.kind].append(item)
        kept: set[int] = set()
        # Retrying while the answer to an earlier try was lost is harmless: attempts have our ids, rows our fence.
        async with connection.transaction():
            await enter(connection, SystemPurpose.CLAIM)
            for kind, statement in (("finish", FINISH), ("begin", BEGIN), ("renew", RENEW)):
                items = rows[kind]
                if not items:
                    continue
                items.sort(key=lambda item: item.row.id)
                parameters = {
                    "rows": _dump([item.values for item in items]),
                    "lease": self._pace.lease,
                    "worker": self._worker,
                }
                cursor = await connection.execute(statement, parameters)
                ours = {record[0] for record in await cursor.fetchall()}
                kept |= {id(item) for item in items if item.row.id in ours}
            if quotas:
                await connection.execute(KEEP_QUOTAS, [_dump(quotas)])
            payloads = _live_payloads([item for item in rows["finish"] if id(item) in kept])
            if payloads:
                await connection.execute(NOTIFY, [LIVE, payloads])
        self.commits += 1
        return kept


def _disown(item: _Item) -> bool:
    """What was taken for this delivery's belongs to another: found by words, it is looked for again; named by the
    network itself, a person decides. False when it was not about that."""
    values = item.values
    if item.kind != "finish" or values["state"] != State.SENT.value:
        return False
    log.warning("delivery %s: what stands there belongs to another", item.row.id)
    told = values["outcome"] == "sent" or item.row.witness is not None
    values |= {
        "state": State.UNCERTAIN.value,
        "stage": item.row.stage,
        "checkpoint": item.row.checkpoint,
        "next_at": None if told else _time(datetime.now(UTC) + timedelta(seconds=1)),
        "uncertain_since": _time(item.row.uncertain_since or datetime.now(UTC)),
        "needs_person": told,
        "problem": render_problem(OWNED if told else SEEKING),
        "remote_id": None,
        "remote_url": None,
        "sent_at": None,
        "announce": "uncertain" if told and is_heard(DeliveryUncertain) else "",
        # Not as "sent" or "found", or the next look would believe it.
        "outcome": "taken",
    }
    return True


def _live_payloads(items: list[_Item]) -> list[str]:
    """One message per changed subject, or one for the whole workspace when there are many, or one that is not known."""
    subjects: dict[UUID, set[UUID | None]] = {}
    for item in items:
        if not item.values["keeps"]:
            subjects.setdefault(item.row.workspace_id, set()).add(item.row.subject_id)
    return [
        json.dumps({"workspace": str(workspace), "topic": "delivery", "id": str(subject) if subject else None})
        for workspace, ids in subjects.items()
        for subject in (ids if len(ids) <= MANY and None not in ids else [None])
    ]
