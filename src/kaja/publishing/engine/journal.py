"""The journal and the results, written by one task in batches: a commit costs the same for one row as for fifty.

Everything is written `WHERE fence = mine`. A worker whose row was taken over is told so by the answer False; what it
saw is still kept as evidence in its attempt. Repeating a batch after a lost connection changes nothing.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg import AsyncConnection

from kaja.kernel.events import is_heard
from kaja.kernel.ids import new_id
from kaja.kernel.signals import LIVE
from kaja.kernel.tenancy import SystemPurpose
from kaja.networks.kit.quotas import Quota
from kaja.publishing.engine.claim import enter
from kaja.publishing.engine.decide import Verdict
from kaja.publishing.engine.pace import Pace
from kaja.publishing.engine.row import Claimed, boot_clock, render_ref
from kaja.publishing.events import BY_NAME, DeliveryEvent
from kaja.publishing.frozen import Frozen
from kaja.publishing.models import State
from kaja.publishing.problems import render_problem

log = logging.getLogger(__name__)

# The last look at permission and pause stands in the statement that opens the attempt, so nothing slips in between.
_BEGIN = """
WITH r AS (
    SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
        id uuid, attempt uuid, fence bigint, stage text, irreversible boolean, content jsonb, followers jsonb)
), u AS (
    UPDATE publishing_delivery d
    SET stage = CASE WHEN d.state = 'uncertain' THEN d.stage ELSE r.stage END,
        content = COALESCE(d.content, r.content),
        attempts_made = d.attempts_made + 1,
        lease_until = now() + %(lease)s * interval '1 second',
        next_at = now() + %(lease)s * interval '1 second',
        uncertain_since = CASE WHEN d.state = 'uncertain' AND r.irreversible
            THEN now() + %(lease)s * interval '1 second' ELSE d.uncertain_since END
    FROM r JOIN publishing_delivery x ON x.id = r.id
    JOIN content_variant v ON v.id = x.variant_id JOIN content_post p ON p.id = v.post_id
    JOIN workspaces_workspace w ON w.id = x.workspace_id
    WHERE d.id = r.id AND d.fence = r.fence AND d.state IN ('sending', 'processing', 'uncertain')
      AND (NOT r.irreversible OR (
        p.state = 'scheduled' AND p.deleted_at IS NULL AND v.removed_at IS NULL AND w.paused_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM workspaces_instance WHERE paused_at IS NOT NULL)))
    RETURNING d.id, d.workspace_id, d.variant_id
), f AS (
    UPDATE publishing_delivery d SET content = r.followers -> d.position::text
    FROM u JOIN r ON r.id = u.id
    WHERE r.followers IS NOT NULL AND d.variant_id = u.variant_id AND d.content IS NULL
      AND r.followers ? d.position::text
)
INSERT INTO publishing_attempt (id, workspace_id, delivery_id, fence, stage, irreversible, started_at,
    outcome, message, params, evidence, worker)
SELECT r.attempt, u.workspace_id, u.id, r.fence, r.stage, r.irreversible, clock_timestamp(),
    '', '', '{}', '[]', %(worker)s
FROM u JOIN r ON r.id = u.id
ON CONFLICT (id) DO UPDATE SET worker = EXCLUDED.worker
RETURNING delivery_id
"""
_FINISH = """
WITH r AS (
    SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
        id uuid, attempt uuid, fence bigint, before text, state text, stage text, checkpoint jsonb,
        next_at timestamptz, keeps boolean, tries int, uncertain_since timestamptz, needs_person boolean, problem jsonb,
        candidates jsonb, remote_id text, remote_url text, data jsonb, sent_at timestamptz, announce text,
        outcome text, message text, params jsonb, evidence jsonb, at timestamptz, publication uuid)
), a AS (
    UPDATE publishing_attempt t
    SET finished_at = r.at, outcome = r.outcome, message = r.message, params = r.params, evidence = r.evidence
    FROM r WHERE t.id = r.attempt AND t.finished_at IS NULL
), u AS (
    UPDATE publishing_delivery d
    SET state = r.state, stage = r.stage, checkpoint = r.checkpoint,
        next_at = CASE WHEN r.keeps THEN d.next_at ELSE r.next_at END,
        lease_until = CASE WHEN r.keeps THEN d.lease_until END,
        tries = r.tries, uncertain_since = r.uncertain_since, needs_person = r.needs_person, problem = r.problem,
        candidates = r.candidates, remote_id = COALESCE(r.remote_id, d.remote_id),
        remote_url = COALESCE(r.remote_url, d.remote_url), sent_at = COALESCE(r.sent_at, d.sent_at),
        announce = CASE WHEN r.announce <> '' THEN r.announce ELSE d.announce END, updated_at = now()
    FROM r WHERE d.id = r.id AND d.fence = r.fence AND d.state = r.before
    RETURNING d.id, d.workspace_id, d.state, d.content
), p AS (
    INSERT INTO publishing_publication (id, workspace_id, delivery_id, remote_id, remote_url, data, sent, published_at)
    SELECT r.publication, u.workspace_id, u.id, r.remote_id, r.remote_url, r.data, COALESCE(u.content, '{}'), r.sent_at
    FROM u JOIN r ON r.id = u.id WHERE r.state = 'sent'
    ON CONFLICT (delivery_id) DO NOTHING
), f AS (
    UPDATE publishing_delivery d SET next_at = now(), due_at = greatest(d.due_at, now())
    FROM u WHERE d.after_id = u.id AND u.state = 'sent' AND d.state = 'scheduled'
)
SELECT id FROM u
"""
_QUOTAS = """
INSERT INTO channels_quotastate (id, workspace_id, channel_id, bucket, "limit", remaining, resets_at, blocked_until,
    updated_at)
SELECT id, workspace_id, channel_id, bucket, "limit", remaining, resets_at, blocked_until, now()
FROM jsonb_to_recordset(%s::jsonb) AS r(id uuid, workspace_id uuid, channel_id uuid, bucket text, "limit" int,
    remaining int, resets_at timestamptz, blocked_until timestamptz)
ON CONFLICT (channel_id, bucket) DO UPDATE SET "limit" = EXCLUDED."limit", remaining = EXCLUDED.remaining,
    resets_at = EXCLUDED.resets_at, updated_at = now(),
    -- An answer without a block does not lift a block that another machine was told of.
    blocked_until = greatest(EXCLUDED.blocked_until, channels_quotastate.blocked_until)
"""
_RENEW = """
UPDATE publishing_delivery d
SET lease_until = now() + %(lease)s * interval '1 second', next_at = now() + %(lease)s * interval '1 second'
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(id uuid, fence bigint)
WHERE d.id = r.id AND d.fence = r.fence AND d.lease_until IS NOT NULL RETURNING d.id
"""
_NOTIFY = "SELECT pg_notify(%s, payload) FROM unnest(%s::text[]) AS payload"
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


@dataclass(slots=True)
class _Item:
    kind: str
    values: dict[str, Any]
    row: Claimed
    done: "asyncio.Future[bool]"


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _dump(rows: list[dict[str, Any]]) -> str:
    # PostgreSQL's jsonb holds no NUL character; a network may well send one.
    return json.dumps(rows, default=str).replace("\\u0000", "")


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
        self.commits = 0

    def _add(self, kind: str, row: Claimed, values: dict[str, Any]) -> "asyncio.Future[bool]":
        item = _Item(kind, values, row, asyncio.get_running_loop().create_future())
        self._waiting.append(item)
        self._some.set()
        return item.done

    async def begin(
        self, row: Claimed, stage: str, irreversible: bool, followers: Mapping[str, Frozen] | None = None
    ) -> UUID | None:
        """Open an attempt and renew the lease. None: the row is no longer ours, or may not be sent any more."""
        attempt = new_id()
        started = boot_clock()
        values = {
            "id": str(row.id),
            "attempt": str(attempt),
            "fence": row.fence,
            "stage": stage,
            "irreversible": irreversible,
            "content": row.content,
            "followers": followers,
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
            self._quotas[row.channel_id, quota.bucket] = {
                "id": str(new_id()),
                "workspace_id": str(row.workspace_id),
                "channel_id": str(row.channel_id),
                "bucket": quota.bucket[:60],
                "limit": quota.limit,
                "remaining": quota.remaining,
                "resets_at": _time(quota.resets_at),
                "blocked_until": _time(quota.blocked_until),
            }
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
        """Write batches until closed; outlives lost connections, nothing that waits is dropped."""
        connection: AsyncConnection[Any] | None = None
        pause = 0.05
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
            kept: set[int] | None = None
            singly = False
            while kept is None:
                try:
                    if connection is None or connection.closed:
                        connection = await self._connect()
                    if singly:
                        kept = await self._write_singly(connection, batch)
                    else:
                        kept = await self._write(connection, batch, list(quotas.values()))
                except (psycopg.IntegrityError, psycopg.DataError):
                    singly = True  # one row that cannot be written must not hold up the others
                except (psycopg.OperationalError, psycopg.InterfaceError):
                    log.warning("database lost, %s results are waiting to be written", len(batch))
                    connection = None
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, 2.0)
            pause = 0.05
            for item in batch:
                if not item.done.done():
                    item.done.set_result(id(item) in kept)
        if connection is not None:
            await connection.close()

    async def _write_singly(self, connection: AsyncConnection[Any], batch: list[_Item]) -> set[int]:
        kept: set[int] = set()
        for item in batch:
            try:
                kept |= await self._write(connection, [item], [])
            except (psycopg.IntegrityError, psycopg.DataError) as error:
                # Its lease runs out; then the journal decides what is safe.
                log.error("delivery %s could not be written: %s", item.row.id, type(error).__name__)
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
            for kind, statement in (("finish", _FINISH), ("begin", _BEGIN), ("renew", _RENEW)):
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
                await connection.execute(_QUOTAS, [_dump(quotas)])
            payloads = _live_payloads([item for item in rows["finish"] if id(item) in kept])
            if payloads:
                await connection.execute(_NOTIFY, [LIVE, payloads])
        self.commits += 1
        return kept


def _live_payloads(items: list[_Item]) -> list[str]:
    """One message per changed post, or one for the whole workspace when there are many."""
    posts: dict[UUID, set[UUID]] = {}
    for item in items:
        if not item.values["keeps"]:
            posts.setdefault(item.row.workspace_id, set()).add(item.row.post_id)
    return [
        json.dumps({"workspace": str(workspace), "topic": "delivery", "id": str(post) if post else None})
        for workspace, ids in posts.items()
        for post in (ids if len(ids) <= MANY else [None])
    ]
