"""The practice network that is read."""

from tests.channels.conftest import practice, running

__all__ = ["practice", "running"]
