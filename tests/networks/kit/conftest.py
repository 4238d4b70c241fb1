"""Connections do not outlive their test."""

from collections.abc import AsyncIterator

import pytest

from kaja.networks.kit.http import close_pools


@pytest.fixture(autouse=True)
async def _pools() -> AsyncIterator[None]:
    yield
    await close_pools()
