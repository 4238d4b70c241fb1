"""What a network says about one account."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Facts:
    """What the network says about one account: JSON-able, stored with the channel, given back to every rule."""

    account_id: str
    handle: str
    name: str
    url: str = ""
    avatar_url: str = ""
    limits: Mapping[str, Any] = field(default_factory=dict)
    permissions: tuple[str, ...] = ()
    expires_at: datetime | None = None
    version: str = ""
    terms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Values that the composer offers for option fields of kind `terms` (categories, tags)."""
