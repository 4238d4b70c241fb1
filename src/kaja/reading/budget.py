"""How much of a channel's budgets reading may use: never what is needed for sending. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any


def find_pause(quotas: Iterable[Mapping[str, Any]], moment: datetime, share: float) -> datetime | None:
    """When reading may go on; None for now. It may use this share of a budget's limit; the rest is for deliveries, and
    for reading what matters more, until the budget is full again. `quotas`: the channel's rows, with instants as ISO
    8601 or as they are."""
    waits = []
    for quota in quotas:
        blocked, resets = _instant(quota.get("blocked_until")), _instant(quota.get("resets_at"))
        if blocked is not None and blocked > moment:
            waits.append(blocked)
        limit, remaining = quota.get("limit"), quota.get("remaining")
        if resets is None or resets <= moment or remaining is None:
            continue
        if remaining <= 0 or (limit is not None and remaining <= limit * (1 - share)):
            waits.append(resets)
    return max(waits, default=None)


def _instant(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value
