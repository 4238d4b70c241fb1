"""One pair of worlds for a module; what a test does to them is rolled back after it."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache

from tests.walls.world import Inhabited, empty_tables, inhabit


@pytest.fixture(scope="module")
def worlds(django_db_setup: Any, django_db_blocker: Any) -> Iterator[tuple[Inhabited, Inhabited]]:
    """Acme and its rival."""
    with django_db_blocker.unblock():
        made = inhabit("acme", "OUR-OWN"), inhabit("rival", "SECRET-OF-THE-RIVAL")
    yield made
    with django_db_blocker.unblock():
        empty_tables()


@pytest.fixture
def acme(worlds: tuple[Inhabited, Inhabited], db: None) -> Inhabited:
    cache.clear()
    return worlds[0]


@pytest.fixture
def rival(worlds: tuple[Inhabited, Inhabited], db: None) -> Inhabited:
    return worlds[1]
