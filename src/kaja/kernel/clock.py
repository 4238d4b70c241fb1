"""The one place that reads the time, so that tests can set it and nothing is naive."""

from datetime import UTC, datetime


def now() -> datetime:
    """The current moment, timezone-aware, in UTC."""
    return datetime.now(UTC)
