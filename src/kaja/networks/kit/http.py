"""The HTTP face that connectors use."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Session:
    """One channel's access to its network during one piece of work."""

    base_url: str = ""
    credentials: dict[str, str] = field(default_factory=dict)
    exchanges: list[Mapping[str, Any]] = field(default_factory=list)
