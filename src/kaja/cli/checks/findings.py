"""One result of an examination."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True)
class Finding:
    """What was looked at, what was found, and, where it is not good, how to fix it."""

    name: str
    level: Level
    found: str
    fix: str = ""
