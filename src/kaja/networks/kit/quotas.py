"""Budgets of calls that a network grants an account."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Quota:
    """What the network said about a budget. `resets_at` and `blocked_until` are aware datetimes."""

    bucket: str
    limit: int | None = None
    remaining: int | None = None
    resets_at: datetime | None = None
    blocked_until: datetime | None = None
