"""What a person is told when the database does not take a connection."""

import os
from collections.abc import Iterator
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest

from kaja.cli.database import explain


@pytest.fixture
def full_database() -> Iterator[str]:
    """The address of a database that takes no connection more."""
    name = f"full_{uuid4().hex[:8]}"
    owner = os.environ["KAJA_TEST_POSTGRES"]
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'hunter2hunter2'")
        connection.execute(f"CREATE DATABASE {name} CONNECTION LIMIT 0")
        try:
            yield f"postgresql://{name}:hunter2hunter2@{urlsplit(owner).hostname}:{urlsplit(owner).port}/{name}"
        finally:
            connection.execute(f"DROP DATABASE {name}")
            connection.execute(f"DROP ROLE {name}")


def test_all_connections_are_taken(full_database: str) -> None:
    with pytest.raises(psycopg.OperationalError) as refused:
        psycopg.connect(full_database)
    told = explain(full_database, refused.value)
    assert "All its connections are taken: try again in a moment" in told
    assert "hunter2" not in told


@pytest.mark.parametrize("said", ["is starting up", "is shutting down", "is not yet accepting connections"])
def test_the_server_comes_or_goes(said: str) -> None:
    # PostgreSQL 18's words, as its log showed them while it recovered.
    error = psycopg.OperationalError(f'connection to server at "127.0.0.1" failed: FATAL:  the database system {said}')
    assert "try again in a moment" in explain("postgresql://kaja@127.0.0.1:5432/kaja", error)
