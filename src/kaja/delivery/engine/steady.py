"""Whether time goes on as it should: a clock that jumps makes Kaja send what is not due, or miss what is.

The clock of the database decides what is due, the worker's own what is too late; a third one, which nobody can set,
counts the seconds since the machine was started, sleep included.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg import AsyncConnection

from kaja.delivery.engine.row import boot_clock
from kaja.kernel import clock

JUMP = timedelta(minutes=5)
"""Clocks that are set by a time server move by less, once a machine runs."""


@dataclass(frozen=True)
class Reading:
    """The three clocks at one moment."""

    counted: float
    own: datetime
    database: datetime


class Steadiness:
    """The worker's watch over its clocks. `own` and `counted` are the seam through which tests set them."""

    def __init__(self) -> None:
        self.own: Callable[[], datetime] = clock.now
        self.counted: Callable[[], float] = boot_clock
        self._last: Reading | None = None
        self._right_until: datetime | None = None

    async def find_jump(self, connection: AsyncConnection[Any]) -> datetime | None:
        """The time by the database up to which time was right, when a clock has jumped; the same until `note_held`,
        because holding everything may fail at first."""
        row = await (await connection.execute("SELECT clock_timestamp()")).fetchone()
        assert row is not None
        database: datetime = row[0]
        before, self._last = self._last, Reading(self.counted(), self.own(), database)
        if self._right_until is None and before is not None and has_jumped(before, self._last):
            self._right_until = min(before.database, database)
        return self._right_until

    def note_held(self) -> None:
        """Everything is held because of the jump."""
        self._right_until = None


def has_jumped(before: Reading, after: Reading) -> bool:
    """Whether a clock went another way than the counted seconds, and not to where the other one was all the time."""
    passed = timedelta(seconds=after.counted - before.counted)
    jumps = (after.own - before.own - passed, after.database - before.database - passed)
    if all(abs(jump) <= JUMP for jump in jumps):
        return False
    was_apart, is_apart = (abs(each.own - each.database) > JUMP for each in (before, after))
    return is_apart or not was_apart
