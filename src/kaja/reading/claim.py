"""Taking polls: the statements that look across workspaces. Each is one short transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row

from kaja.kernel.tenancy import SystemPurpose, enter_key
from kaja.kernel.walls import ENTER
from kaja.reading.topics import Claimed

MOST = 20
"""Of a channel at once; of many looks at threads the rest waits until its streams were asked again."""

# Channels with something due that nobody is asking, and of them what is due, in the order of the topics and up to a
# number: one conversation with each network at a time. A channel's row is held only for this statement, so that two
# workers do not take two halves. A worker that is gone holds a poll until its lease ends; then it is simply due again,
# for reading may be repeated. Nobody is waited for here: a poll that somebody wakes or finishes in this moment is taken
# the next time. A workspace that is held may be a copy of another: each look may renew a sign-in, which the other would
# then have no more.
_CLAIM = """
WITH due AS (
    SELECT p.channel_id, min(p.next_at) AS since FROM reading_poll p
    WHERE p.next_at <= now() AND p.what = ANY(%(topics)s)
    GROUP BY p.channel_id
), free AS (
    SELECT c.id FROM channels_channel c JOIN due ON due.channel_id = c.id
        JOIN workspaces_workspace w ON w.id = c.workspace_id
    WHERE c.disconnected_at IS NULL AND w.held_at IS NULL
      AND NOT EXISTS (SELECT FROM reading_poll b WHERE b.channel_id = c.id AND b.lease_until > now())
    ORDER BY due.since
    LIMIT %(channels)s
    FOR NO KEY UPDATE OF c SKIP LOCKED
), mine AS (
    SELECT one.id FROM free CROSS JOIN LATERAL (
        SELECT p.id FROM reading_poll p
        WHERE p.channel_id = free.id AND p.next_at <= now() AND p.what = ANY(%(topics)s)
        ORDER BY array_position(%(topics)s, p.what::text), p.next_at
        LIMIT %(most)s
        FOR NO KEY UPDATE OF p SKIP LOCKED
    ) one
), t AS (
    UPDATE reading_poll p
    SET fence = p.fence + 1, wanted_at = NULL,
        lease_until = now() + %(lease)s * interval '1 second', next_at = now() + %(lease)s * interval '1 second'
    FROM mine WHERE p.id = mine.id
    RETURNING p.*
)
SELECT t.id, t.workspace_id, t.channel_id, t.what, t.subject_id, t.cursor, t.fence, t.failures,
    c.network, c.account_id, c.base_url, c.handle, c.name AS channel_name, c.facts, c.health,
    c.grant_id, g.credentials, c.own_credentials,
    coalesce((SELECT jsonb_agg(to_jsonb(q)) FROM channels_quotastate q WHERE q.channel_id = c.id), '[]') AS quotas
FROM t JOIN channels_channel c ON c.id = t.channel_id
LEFT JOIN channels_grant g ON g.id = c.grant_id
ORDER BY t.channel_id, array_position(%(topics)s, t.what::text), t.id
"""
_WAKE = """
SELECT p.next_at FROM reading_poll p JOIN channels_channel c ON c.id = p.channel_id
    JOIN workspaces_workspace w ON w.id = c.workspace_id
WHERE p.next_at IS NOT NULL AND p.what = ANY(%(topics)s) AND c.disconnected_at IS NULL AND w.held_at IS NULL
ORDER BY p.next_at LIMIT 1
"""
# Channels from before there was this room, and topics that are new: the first look is spread, so that an update does
# not ask every network at once.
_PLAN = """
INSERT INTO reading_poll (id, workspace_id, channel_id, what, cursor, fence, failures, next_at)
SELECT gen_random_uuid(), c.workspace_id, c.id, wanted.what, '{}', 0, 0,
    CASE WHEN c.health_failures > 0 OR c.checked_at IS NULL THEN now()
         ELSE greatest(now(), c.checked_at + random() * wanted.spread * interval '1 second') END
FROM channels_channel c
JOIN unnest(%(networks)s::text[], %(topics)s::text[], %(spreads)s::float[]) AS wanted(network, what, spread)
  ON wanted.network = c.network
WHERE c.disconnected_at IS NULL
  AND NOT EXISTS (SELECT FROM reading_poll p
                  WHERE p.channel_id = c.id AND p.what = wanted.what AND p.subject_id IS NULL)
ON CONFLICT DO NOTHING
"""


async def _enter(connection: AsyncConnection[Any]) -> None:
    await connection.execute(ENTER, ["", SystemPurpose.READ.value, enter_key()])


async def claim_due(
    connection: AsyncConnection[Any], topics: Sequence[str], channels: int, lease: float
) -> list[Claimed]:
    """Take what is due of up to so many channels, ordered by channel."""
    async with connection.transaction():
        await _enter(connection)
        cursor = connection.cursor(row_factory=class_row(Claimed))
        await cursor.execute(_CLAIM, {"topics": list(topics), "channels": channels, "lease": lease, "most": MOST})
        return await cursor.fetchall()


async def next_wake(connection: AsyncConnection[Any], topics: Sequence[str]) -> datetime | None:
    """When something is due next, or None."""
    async with connection.transaction():
        await _enter(connection)
        cursor = connection.cursor(row_factory=scalar_row)
        await cursor.execute(_WAKE, {"topics": list(topics)})
        found: datetime | None = await cursor.fetchone()
        return found


async def plan_missing(connection: AsyncConnection[Any], wanted: Sequence[tuple[str, str, float]]) -> int:
    """Make the polls that channels lack; gives their number. `wanted`: network, topic, and its spread in seconds."""
    networks, topics, spreads = ([each[place] for each in wanted] for place in range(3))
    async with connection.transaction():
        await _enter(connection)
        values = {"networks": networks, "topics": topics, "spreads": spreads}
        return (await connection.execute(_PLAN, values)).rowcount
