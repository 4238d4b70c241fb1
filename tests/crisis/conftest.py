"""The practice network, as the tests of publishing have it."""

from tests.publishing.conftest import practice, running

__all__ = ["practice", "running"]
