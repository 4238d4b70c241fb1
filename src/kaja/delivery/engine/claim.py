"""Taking rows: the statements that look across workspaces. Each is one short transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import scalar_row

from kaja.delivery.engine.pace import Pace
from kaja.delivery.engine.row import Claimed, read_claimed
from kaja.delivery.planning import AHEAD
from kaja.kernel.tenancy import SystemPurpose, enter_key
from kaja.kernel.walls import ENTER

__all__ = ["Share", "claim_ahead", "claim_due", "enter", "find_share", "next_wake", "read_ready", "take_over"]

# Workers share the channels, so that two do not prepare the same rows; what one of them has not taken in time, because
# it is stopped, say, is anybody's.
_SHARE = "(uuid_hash(d.channel_id) & 2147483647) %% %(workers)s = %(rank)s"
_DUE = """
    (d.ahead_until IS NULL OR d.ahead_until <= now())
    AND w.paused_at IS NULL AND NOT EXISTS (SELECT 1 FROM workspaces_instance WHERE paused_at IS NOT NULL)
    AND NOT EXISTS (SELECT 1 FROM publishing_delivery s WHERE s.channel_id = d.channel_id AND s.state = 'sending')
    AND NOT EXISTS (
        SELECT 1 FROM publishing_delivery e
        WHERE e.channel_id = d.channel_id AND e.state IN ('scheduled', 'waiting') AND e.next_at <= now()
          AND e.due_at <= d.due_at AND (e.due_at, e.id) < (d.due_at, d.id)
    )
"""
_CLAIMED = """
SELECT d.id, d.workspace_id, d.source_kind, d.variant_id AS source_id, d.subject_id, d.channel_id, d.kind, d.position,
    d.state, d.due_at, d.fence, d.stage, d.checkpoint, d.content, d.post_revision AS version, d.allowed, d.tries,
    d.uncertain_since, d.needs_person, d.made_ahead, d.ahead_tries, d.next_at,
    CASE WHEN d.has_late_limit THEN w.late_limit_minutes END AS late_limit_minutes,
    c.network AS access_network, c.account_id AS access_account_id, c.base_url AS access_base_url,
    c.handle AS access_handle, c.name AS access_name, c.facts AS access_facts, c.health AS access_health,
    c.health_failures AS access_health_failures, c.disconnected_at IS NOT NULL AS access_disconnected,
    c.grant_id AS access_grant_id, g.credentials AS access_credentials, c.own_credentials AS access_own_credentials,
    (SELECT max(greatest(q.blocked_until, CASE WHEN q.remaining <= 0 THEN q.resets_at END))
       FROM channels_quotastate q WHERE q.channel_id = d.channel_id) AS access_quota_until,
    (SELECT jsonb_build_object('id', a.remote_id, 'url', a.remote_url, 'data', a.data)
       FROM publishing_publication a WHERE a.delivery_id = d.after_id) AS reply_to,
    CASE WHEN d.position > 0 THEN (SELECT jsonb_build_object('id', a.remote_id, 'url', a.remote_url, 'data', a.data)
       FROM publishing_publication a JOIN publishing_delivery r ON r.id = a.delivery_id
       WHERE r.variant_id = d.variant_id AND r.position = 0) END AS root,
    CASE WHEN d.state = 'uncertain' THEN (SELECT min(j.started_at)
       FROM publishing_attempt j WHERE j.delivery_id = d.id AND j.irreversible) END AS first_call,
    CASE WHEN d.state = 'uncertain' THEN (SELECT j.params->'ref'
       FROM publishing_attempt j WHERE j.delivery_id = d.id AND j.outcome = 'sent' AND j.irreversible
       LIMIT 1) END AS witness,
    CASE WHEN d.state = 'uncertain' THEN (SELECT extract(epoch FROM max(j.finished_at - j.started_at))::float
       FROM publishing_attempt j WHERE j.delivery_id = d.id AND j.irreversible) END AS waited,
    CASE WHEN d.state = 'sending' THEN (SELECT jsonb_agg(u.content->>'text')
       FROM publishing_delivery u WHERE u.channel_id = d.channel_id AND u.state IN ('uncertain', 'processing')
       AND u.content IS NOT NULL) END AS doubted
FROM d
JOIN channels_channel c ON c.id = d.channel_id
LEFT JOIN channels_grant g ON g.id = c.grant_id
JOIN workspaces_workspace w ON w.id = d.workspace_id
ORDER BY d.due_at
"""
# What is processing or uncertain is looked at even while everything is paused: reading publishes nothing.
_CLAIM = f"""
WITH picked AS (
    SELECT d.id, d.state = 'scheduled' AND d.content IS NOT NULL AND d.after_id IS NULL AS made_ahead
    FROM publishing_delivery d JOIN workspaces_workspace w ON w.id = d.workspace_id
    WHERE d.state IN ('scheduled', 'waiting', 'processing', 'uncertain') AND d.next_at <= now()
      AND (d.state IN ('processing', 'uncertain') OR (
        ({_SHARE} OR d.next_at <= now() - %(others)s * interval '1 second')
        AND d.channel_id <> ALL (%(ready)s::uuid[]) AND {_DUE}))
    ORDER BY d.next_at, d.due_at
    LIMIT %(batch)s
    FOR UPDATE OF d SKIP LOCKED
), d AS (
    UPDATE publishing_delivery t
    SET state = CASE WHEN t.state IN ('scheduled', 'waiting') THEN 'sending' ELSE t.state END,
        fence = t.fence + 1, claimed_by = %(worker)s,
        lease_until = now() + %(lease)s * interval '1 second',
        next_at = now() + %(lease)s * interval '1 second'
    FROM picked WHERE t.id = picked.id
    RETURNING t.*, picked.made_ahead
)
{_CLAIMED}
"""  # noqa: S608 - put together from constants only
# Some seconds before their time: rows as they are, read and not touched. The statement that opens a call takes its row.
_READ_READY = f"""
WITH d AS (
    SELECT d.*, d.state = 'scheduled' AND d.content IS NOT NULL AND d.after_id IS NULL AS made_ahead
    FROM publishing_delivery d JOIN workspaces_workspace w ON w.id = d.workspace_id
    WHERE d.state IN ('scheduled', 'waiting') AND d.next_at <= now() + %(before)s * interval '1 second'
      AND (d.next_at, d.id) > (%(since)s, %(last)s) AND d.allowed AND {_SHARE}
      AND d.kind NOT IN ('comment', 'reply', 'message') AND w.paused_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM workspaces_instance WHERE paused_at IS NOT NULL)
    ORDER BY d.next_at, d.id
    LIMIT %(batch)s
)
{_CLAIMED}
"""  # noqa: S608 - put together from constants only
# Up to a quarter of an hour before their time: rows of which something may be staged. They stay scheduled, so that
# their channel is free, and the claim above leaves them alone while somebody is at it. A pause forbids it too: nothing
# of a copy, say, may touch the accounts. Counted at the beginning, so that a file that takes its worker down is not
# tried again and again.
_CLAIM_AHEAD = f"""
WITH picked AS (
    SELECT d.id
    FROM publishing_delivery d JOIN workspaces_workspace w ON w.id = d.workspace_id
    WHERE d.state = 'scheduled' AND d.ahead_at <= now() AND d.allowed AND d.ahead_tries < %(tries)s
      AND d.next_at > now() + %(least)s * interval '1 second' AND d.next_at <= now() + %(most)s * interval '1 second'
      AND w.paused_at IS NULL AND NOT EXISTS (SELECT 1 FROM workspaces_instance WHERE paused_at IS NOT NULL)
    ORDER BY d.next_at
    LIMIT %(batch)s
    FOR UPDATE OF d SKIP LOCKED
), d AS (
    UPDATE publishing_delivery t
    SET fence = t.fence + 1, claimed_by = %(worker)s, ahead_tries = t.ahead_tries + 1,
        ahead_until = now() + %(lease)s * interval '1 second', ahead_at = now() + %(lease)s * interval '1 second'
    FROM picked WHERE t.id = picked.id
    RETURNING t.*, t.content IS NOT NULL AS made_ahead
)
{_CLAIMED}
"""  # noqa: S608 - put together from constants only
# A lease ran out. When the journal shows that the irreversible call had begun and nothing says how it ended, the post
# may stand on the network: it is looked for. Otherwise nothing was sent, and sending again is safe. The lease's end
# bounds the end of the call, because a worker starts none in the second half and breaks it off with the lease; of a
# process that is dead on this very machine the call ended with it.
_TAKE_OVER = """
WITH gone AS (
    SELECT id, fence,
        CASE WHEN claimed_by = ANY(%(dead)s::bigint[]) THEN least(lease_until, now()) ELSE lease_until END AS ended
    FROM publishing_delivery
    WHERE state = 'sending' AND (next_at <= now() OR claimed_by = ANY(%(gone)s::bigint[]))
    ORDER BY next_at LIMIT 500 FOR UPDATE SKIP LOCKED
), judged AS (
    SELECT g.id, g.ended, EXISTS (
        SELECT 1 FROM publishing_attempt a
        WHERE a.delivery_id = g.id AND a.fence = g.fence AND a.irreversible AND a.finished_at IS NULL
    ) AS begun FROM gone g
)
UPDATE publishing_delivery d
SET state = CASE WHEN begun THEN 'uncertain' ELSE 'waiting' END,
    fence = d.fence + 1, lease_until = NULL,
    -- A post that takes its worker down each time must not do so in a tight loop.
    next_at = CASE WHEN begun THEN now() ELSE now() + (power(2, least(d.tries, 6)) - 1) * interval '1 second' END,
    tries = CASE WHEN begun THEN 0 ELSE d.tries + 1 END,
    uncertain_since = CASE WHEN begun THEN judged.ended END,
    problem = CASE WHEN begun THEN %(problem)s::jsonb ELSE d.problem END
FROM judged WHERE d.id = judged.id
RETURNING d.id
"""
# What a lost worker staged ahead may be staged by another.
_STAGE_AGAIN = """
UPDATE publishing_delivery SET ahead_at = now() + power(2, least(ahead_tries, 6)) * interval '1 second',
    ahead_until = NULL, fence = fence + 1
WHERE state = 'scheduled' AND ahead_at IS NOT NULL AND ahead_until IS NOT NULL AND claimed_by = ANY(%(gone)s::bigint[])
"""
# What a lost worker was only looking at is looked at again.
_LOOK_AGAIN = """
UPDATE publishing_delivery SET next_at = now(), fence = fence + 1
WHERE state IN ('processing', 'uncertain') AND claimed_by = ANY(%(gone)s::bigint[]) AND lease_until IS NOT NULL
  AND next_at > now()
"""
# The time of the next thing to do, without rows that a pause holds back.
_WAKE = """
SELECT d.next_at FROM publishing_delivery d
JOIN workspaces_workspace w ON w.id = d.workspace_id
WHERE d.state IN ('scheduled', 'sending', 'processing', 'waiting', 'uncertain') AND d.next_at IS NOT NULL
  AND (d.state IN ('processing', 'uncertain', 'sending') OR (w.paused_at IS NULL
       AND NOT EXISTS (SELECT 1 FROM workspaces_instance WHERE paused_at IS NOT NULL)))
ORDER BY d.next_at LIMIT 1
"""


_WORKERS = "SELECT key FROM publishing_workersign WHERE seen_at > now() - make_interval(secs => %s) ORDER BY key"


async def enter(connection: AsyncConnection[Any], purpose: SystemPurpose) -> None:
    """The system scope for the connection's open transaction."""
    await connection.execute(ENTER, ["", purpose.value, enter_key()])


@dataclass(frozen=True)
class Share:
    """Which channels are this worker's: one of so many has this rank."""

    workers: int = 1
    rank: int = 0


ALL = Share()


async def claim_due(
    connection: AsyncConnection[Any],
    batch: int,
    lease: float,
    worker: int | None = None,
    *,
    share: Share = ALL,
    others: float = 0.0,
    ready: Sequence[UUID] = (),
) -> list[Claimed]:
    """Take up to `batch` rows whose time has come; one per channel among those that are to be sent.

    `worker`: the key under which others can see whether it lives (`signs.py`). `others`: for how many seconds rows
    outside of its `share` are left to other workers. `ready`: channels that it has prepared rows of.
    """
    async with connection.transaction():
        await enter(connection, SystemPurpose.CLAIM)
        cursor = connection.cursor(row_factory=read_claimed)
        values = {
            "batch": batch, "lease": lease, "worker": worker, "others": others, "ready": list(ready),
            "workers": share.workers, "rank": share.rank,
        }  # fmt: skip
        await cursor.execute(_CLAIM, values)
        return await cursor.fetchall()


async def read_ready(
    connection: AsyncConnection[Any], batch: int, before: float, share: Share, since: datetime, last: UUID
) -> list[Claimed]:
    """Rows of the share that are due in so many seconds, or due already, in the order of their times; those after the
    row `last`, whose time is `since`."""
    async with connection.transaction():
        await enter(connection, SystemPurpose.CLAIM)
        cursor = connection.cursor(row_factory=read_claimed)
        values = {
            "batch": batch, "before": before, "workers": share.workers, "rank": share.rank,
            "since": since, "last": last,
        }  # fmt: skip
        await cursor.execute(_READ_READY, values)
        return await cursor.fetchall()


async def find_share(connection: AsyncConnection[Any], worker: int, gone: float) -> Share:
    """This worker's share among those that gave a sign lately."""
    cursor = connection.cursor(row_factory=scalar_row)
    await cursor.execute(_WORKERS, [gone])
    keys: list[int] = await cursor.fetchall()
    return Share(len(keys), keys.index(worker)) if worker in keys else ALL


async def claim_ahead(connection: AsyncConnection[Any], batch: int, pace: Pace, worker: int) -> list[Claimed]:
    """Take up to `batch` rows of which something may be staged before their time."""
    async with connection.transaction():
        await enter(connection, SystemPurpose.CLAIM)
        cursor = connection.cursor(row_factory=read_claimed)
        values = {
            "batch": batch, "lease": pace.lease, "worker": worker, "tries": pace.ahead_tries,
            "least": pace.ahead_least, "most": AHEAD.total_seconds(),
        }  # fmt: skip
        await cursor.execute(_CLAIM_AHEAD, values)
        return await cursor.fetchall()


async def take_over(
    connection: AsyncConnection[Any], problem: str, gone: Sequence[int] = (), dead: Sequence[int] = ()
) -> int:
    """Take rows whose lease ran out, and those of workers that are `gone`; gives their number. `problem` is JSON.

    `dead`: those of them whose process is known to be no more, so that no call of theirs goes on.
    """
    async with connection.transaction():
        await enter(connection, SystemPurpose.RECOVER)
        values = {"problem": problem, "gone": list(gone), "dead": list(dead)}
        cursor = await connection.execute(_TAKE_OVER, values)
        taken = cursor.rowcount
        if gone:
            taken += (await connection.execute(_LOOK_AGAIN, values)).rowcount
            taken += (await connection.execute(_STAGE_AGAIN, values)).rowcount
        return taken


async def next_wake(connection: AsyncConnection[Any]) -> datetime | None:
    """When the next row needs a worker, or None when nothing is planned."""
    async with connection.transaction():
        await enter(connection, SystemPurpose.CLAIM)
        cursor = connection.cursor(row_factory=scalar_row)
        await cursor.execute(_WAKE)
        found: datetime | None = await cursor.fetchone()
        return found
