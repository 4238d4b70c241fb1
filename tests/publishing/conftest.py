"""One practice network for a module, empty for each test."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.practice.running import PracticeServer


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeServer]:
    server = PracticeServer(Path(tmp_path_factory.mktemp("practice")))
    yield server
    assert server.stop() == 0


@pytest.fixture
def practice(running: PracticeServer, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[PracticeServer]:
    running.adopt(settings)
    monkeypatch.setenv("KAJA_PRACTICE_URL", running.url)  # for workers that are started as processes
    yield running
    running.reset()
