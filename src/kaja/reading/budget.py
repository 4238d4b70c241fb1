"""How much of a channel's budgets reading may use: never what is needed for sending. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

SHARE = 0.5
"""Of a budget's limit; the rest is for deliveries, until the budget is full again."""


def find_pause(quotas: Iterable[Mapping[str, Any]], moment: datetime) -> datetime | None:
    """When reading may go on; None for now. `quotas`: the channel's rows, with instants as ISO 8601 or as they are."""
    waits = []
    for quota in quotas:
        blocked, resets = _instant(quota.get("blocked_until")), _instant(quota.get("resets_at"))
        if blocked is not None and blocked > moment:
            waits.append(blocked)
        limit, remaining = quota.get("limit"), quota.get("remaining")
        if resets is None or resets <= moment or remaining is None:
            continue
        if remaining <= 0 or (limit is not None and remaining <= limit * (1 - SHARE)):
            waits.append(resets)
    return max(waits, default=None)


def _instant(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value
