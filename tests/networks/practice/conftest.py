"""The real practice network for the connector's tests."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from kaja.networks.kit.http import close_pools
from tests.practice.running import PracticeServer


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeServer]:
    server = PracticeServer(Path(tmp_path_factory.mktemp("practice")))
    yield server
    assert server.stop() == 0


@pytest.fixture
async def practice(running: PracticeServer) -> AsyncIterator[PracticeServer]:
    yield running
    await close_pools()
    running.reset()


@pytest.fixture(params=["keyed", "plain", "staged"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# Connecting.
