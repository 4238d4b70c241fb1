"""Which workers are there: each holds an advisory lock on a connection of its own and gives a sign every second.

The server lets go of the lock when the connection ends, so that a killed worker is noticed at once, not when its leases
are over. One that only lost its connection is taken for gone as well: its fences are raised, and whatever it began is
looked for on the network, where absence counts only after the end of its lease, as ever. Of a process that is dead on
this very machine the calls have ended with it.
"""

import asyncio
import os
import secrets
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from psycopg import AsyncConnection

from kaja.delivery.engine.claim import take_over
from kaja.delivery.engine.pace import Pace

_HOLD = "SELECT pg_advisory_lock(%s)"
_GIVE = """
INSERT INTO publishing_workersign (key, machine, pid, seen_at) VALUES (%s, %s, %s, now())
ON CONFLICT (key) DO UPDATE SET seen_at = now()
"""
# After a restart of the server everybody is without a lock for a moment.
_SILENT = """
SELECT key, machine, pid, seen_at < now() - make_interval(secs => %(gone)s)
    AND pg_postmaster_start_time() < now() - make_interval(secs => %(gone)s)
FROM publishing_workersign s
WHERE key <> %(own)s AND NOT EXISTS (
    SELECT 1 FROM pg_locks l WHERE l.locktype = 'advisory' AND l.objsubid = 1
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND ((l.classid::bigint << 32) | l.objid::bigint) = s.key)
"""
_FORGET = "DELETE FROM publishing_workersign WHERE key = ANY(%s::bigint[])"
MOST_AT_ONCE = 500


def name_machine() -> str:
    """This machine since it was started, and the space that its process ids belong to; empty where nobody can say."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"[:120]
    except OSError:
        return ""


def is_dead(pid: int) -> bool:
    """Whether no such process runs here; one that nobody has buried yet is dead, too."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


class Signs:
    """This worker's own sign, and the rows of those that give none. `problem` is JSON, for rows in doubt."""

    def __init__(self, connect: Callable[[], Awaitable[AsyncConnection[Any]]], pace: Pace, problem: str) -> None:
        self.key = secrets.randbits(62)
        self._connect = connect
        self._pace = pace
        self._problem = problem
        self._machine = name_machine()

    async def run(self, found: Callable[[], None]) -> None:
        """Until cancelled, or the connection is lost; `found` is called when rows were taken over."""
        async with await self._connect() as connection:
            await connection.execute(_HOLD, [self.key])
            try:
                while True:
                    await connection.execute(_GIVE, [self.key, self._machine, os.getpid()])
                    if await self._take_over(connection):
                        found()
                    await asyncio.sleep(self._pace.sign)
            except asyncio.CancelledError:
                # What was under way is written by now; nobody needs to look for us.
                await connection.execute(_FORGET, [[self.key]])
                raise

    async def _take_over(self, connection: AsyncConnection[Any]) -> int:
        cursor = await connection.execute(_SILENT, {"own": self.key, "gone": self._pace.gone})
        silent = await cursor.fetchall()
        dead = [key for key, machine, pid, _ in silent if machine and machine == self._machine and is_dead(pid)]
        gone = [key for key, _, _, long in silent if long or key in dead]
        if not gone:
            return 0
        taken = await take_over(connection, self._problem, gone, dead)
        if taken < MOST_AT_ONCE:
            await self._forget(connection, gone)
        return taken

    async def _forget(self, connection: AsyncConnection[Any], keys: Sequence[int]) -> None:
        await connection.execute(_FORGET, [list(keys)])
