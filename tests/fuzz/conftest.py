"""A person who uploads."""

from tests.web.composer.conftest import browser

__all__ = ["browser"]
