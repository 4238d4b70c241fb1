"""What networks say of their budgets, until it is written: each answer says it, and most of it holds nobody back."""

from typing import Any
from uuid import UUID

from kaja.channels.sessions import render_quota
from kaja.delivery.engine.row import Claimed, boot_clock
from kaja.networks.kit.quotas import Quota

EVERY = 5.0
"""Seconds within which a budget with plenty left is written once."""
PLENTY = 10
"""Calls that are left, and a tenth of the whole, before each of them counts."""
_Key = tuple[UUID, str]  # channel, bucket


class Budgets:
    """Of one worker. What may hold a row back is written with the answer that said it."""

    def __init__(self) -> None:
        self._news: dict[_Key, tuple[UUID, Quota]] = {}
        self._later: dict[_Key, tuple[UUID, Quota]] = {}
        self._told: dict[_Key, float] = {}
        self._due = 0.0

    def note(self, row: Claimed, quota: Quota) -> None:
        """An answer for this row said that."""
        key, now = (row.channel_id, quota.bucket[:60]), boot_clock()
        if has_plenty(quota) and now - self._told.get(key, -EVERY) < EVERY:
            if not self._later:
                self._due = now + EVERY
            self._later[key] = row.workspace_id, quota
            return
        self._later.pop(key, None)
        self._news[key] = row.workspace_id, quota
        if len(self._told) > 20_000:
            self._told.clear()
        self._told[key] = now

    def seconds_left(self) -> float | None:
        """Until something is to be written that no result takes along; None when there is nothing."""
        return max(0.0, self._due - boot_clock()) if self._later else None

    def take(self, *, everything: bool = False) -> list[dict[str, Any]]:
        """The rows to write now, by channel and bucket."""
        if self._later and (everything or boot_clock() >= self._due):
            now = boot_clock()
            self._told |= dict.fromkeys(self._later, now)
            self._news = {**self._later, **self._news}
            self._later = {}
        news, self._news = self._news, {}
        return [render_quota(workspace, key[0], quota) for key, (workspace, quota) in sorted(news.items(), key=_by_key)]


def _by_key(item: tuple[_Key, object]) -> _Key:
    return item[0]


def has_plenty(quota: Quota) -> bool:
    """Whether it holds nobody back, nor is about to."""
    if quota.blocked_until is not None or quota.remaining is None:
        return False
    return quota.remaining >= max(PLENTY, (quota.limit or 0) / 10)
