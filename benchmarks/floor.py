"""What a post costs at least: `python -m benchmarks.floor [--posts 6000] [--channels 1200]`.

The same practice network, PostgreSQL and posts at one instant as in `delivery.py`, by as little as can be
written: one process reads the rows, notes in batches that each call begins, posts the same bytes through Kaja's HTTP
client, and notes in batches how it ended: the same rows in the same tables, one call at a time on a channel. Nothing is
checked, prepared, redacted or kept as evidence, no walls stand between workspaces, and a killed process loses posts.
What Kaja's worker costs more is what it promises.
"""

import argparse
import asyncio
import json
import os
import platform
import resource
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import uvloop

from benchmarks.delivery import ANSWER_AFTER, DURABLE, cpu_of_trees  # first of all: it sets Django up

# isort: split
from tests.chaos.world import World

from kaja.channels.vault import bound_to
from kaja.kernel.ids import new_id
from kaja.kernel.vault import Vault
from kaja.networks.kit.egress import Egress, resolve_host
from kaja.networks.kit.pool import Pool
from kaja.networks.kit.wire import Request

FLUSH = 0.015
READ = """
SELECT d.id, d.channel_id, c.credentials, p.document->'parts'->0->>'text'
FROM publishing_delivery d JOIN channels_channel c ON c.id = d.channel_id
JOIN content_variant v ON v.id = d.variant_id JOIN content_post p ON p.id = v.post_id ORDER BY d.id
"""
BEGIN = """
WITH r AS (SELECT * FROM unnest(%s::uuid[], %s::uuid[]) AS r(id, attempt)), u AS (
    UPDATE publishing_delivery d SET state = 'sending', fence = d.fence + 1, stage = 'publish',
        lease_until = now() + interval '90 seconds', next_at = now() + interval '90 seconds'
    FROM r WHERE d.id = r.id RETURNING d.id, d.workspace_id, r.attempt
)
INSERT INTO publishing_attempt (id, workspace_id, delivery_id, fence, stage, irreversible, started_at, outcome, message,
    params, evidence, worker)
SELECT attempt, workspace_id, id, 1, 'publish', true, clock_timestamp(), '', '', '{}', '[]', '' FROM u
"""
END = """
WITH r AS (SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::text[]) AS r(id, attempt, remote)), a AS (
    UPDATE publishing_attempt t SET finished_at = now(), outcome = 'sent' FROM r WHERE t.id = r.attempt
), u AS (
    UPDATE publishing_delivery d SET state = 'sent', next_at = NULL, lease_until = NULL, remote_id = r.remote
    FROM r WHERE d.id = r.id RETURNING d.id, d.workspace_id, d.channel_id, r.remote
)
INSERT INTO publishing_publication (id, workspace_id, delivery_id, channel_id, remote_id, remote_url, data, sent,
    published_at)
SELECT gen_random_uuid(), workspace_id, id, channel_id, remote, '', '{}', '{}', now() FROM u
"""
BY_INDEX = "SET enable_seqscan = off; SET random_page_cost = 0.1; SET cpu_tuple_cost = 0.1"


class Notes:
    """Beginnings and ends of calls, each written once they have waited for each other."""

    def __init__(self) -> None:
        self.waiting: dict[str, list[tuple[tuple[Any, ...], asyncio.Future[None]]]] = {END: [], BEGIN: []}

    def add(self, statement: str, *values: Any) -> "asyncio.Future[None]":
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting[statement].append((values, done))
        return done

    async def run(self, connection: psycopg.AsyncConnection[Any]) -> None:
        while True:
            await asyncio.sleep(FLUSH)
            batch = {statement: rows for statement, rows in self.waiting.items() if rows}
            self.waiting = {END: [], BEGIN: []}
            async with connection.transaction():
                for statement, rows in batch.items():
                    await connection.execute(
                        statement, [list(each) for each in zip(*(v for v, _ in rows), strict=True)]
                    )
            for rows in batch.values():
                for _, done in rows:
                    done.set_result(None)


async def send_all(world: World, due_at: datetime) -> None:
    pool, vault, notes = Pool(Egress(("127.0.0.1",), resolve_host)), Vault(world.ring), Notes()
    host, port = "127.0.0.1", int(world.practice.url.rpartition(":")[2])
    channels: dict[UUID, list[tuple[UUID, str, str]]] = defaultdict(list)
    async with await psycopg.AsyncConnection.connect(world.cluster.url("postgres"), autocommit=True) as connection:
        for row, channel, sealed, text in await (await connection.execute(READ)).fetchall():
            token = json.loads(vault.open(sealed, bound_to=bound_to(channel)))["token"]
            channels[channel].append((row, token, text))
        await connection.execute(BY_INDEX)
        writer = asyncio.create_task(notes.run(connection))

        async def send(row: UUID, token: str, text: str) -> None:
            attempt = new_id()
            await notes.add(BEGIN, row, attempt)
            body = json.dumps({"text": text}).encode()
            lines = (
                ("Host", f"{host}:{port}"), ("Content-Type", "application/json"), ("Content-Length", str(len(body))),
                ("Authorization", f"Bearer {token}"), ("Idempotency-Key", row.hex),
            )  # fmt: skip
            request = Request("POST", "http", host, port, "/api/v1/posts", lines, body)
            answer = await pool.exchange(request, seconds=60, max_bytes=4_000_000, irreversible=True)
            await notes.add(END, row, attempt, str(json.loads(answer.body)["id"]))

        async def work_off(rows: list[tuple[UUID, str, str]]) -> None:
            for row in rows:
                await send(*row)

        await asyncio.sleep(max(0.0, (due_at - datetime.now(UTC)).total_seconds()))
        await asyncio.gather(*(work_off(rows) for rows in channels.values()))
        writer.cancel()
    await pool.aclose()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=6_000)
    parser.add_argument("--channels", type=int, default=1_200)
    options = parser.parse_args()
    load = os.getloadavg()[0]
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, load before: {load:.1f}")
    folder = Path(tempfile.mkdtemp(prefix="kaja-bench-"))
    world = World(folder, {}, DURABLE)
    try:
        accounts = world.add_accounts(options.channels, ["keyed"])
        world.practice.set_faults(delay={"seconds": ANSWER_AFTER, "on": ["publish"]})
        due_at = datetime.now(UTC) + timedelta(seconds=3 + options.posts / 2500)
        texts = [f"floor {number:06d}" for number in range(options.posts)]
        world.plan_posts((accounts[i % len(accounts)], text, due_at) for i, text in enumerate(texts))
        assert world.cluster.process is not None
        before, usage = cpu_of_trees([world.cluster.process.pid]), resource.getrusage(resource.RUSAGE_SELF)
        started = time.monotonic()
        uvloop.run(send_all(world, due_at))
        seconds = time.monotonic() - started
        after = resource.getrusage(resource.RUSAGE_SELF)
        own = after.ru_utime + after.ru_stime - usage.ru_utime - usage.ru_stime
        store = cpu_of_trees([world.cluster.process.pid]) - before
        sent = len(world.practice.truth(contains="floor "))
    finally:
        world.close()
        shutil.rmtree(folder, ignore_errors=True)
    print(
        f"floor: {sent} posts in {seconds:.1f} s; CPU ms per post:"
        f" process {own / sent * 1000:.2f}, PostgreSQL {store / sent * 1000:.2f}"
    )
    return int(sent != options.posts)


if __name__ == "__main__":
    sys.exit(main())
