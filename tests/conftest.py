"""Fixtures that every test may use."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import psycopg
import pytest
from asgiref.sync import SyncToAsync
from django.db import OperationalError, connection, connections

from kaja.kernel import outside
from kaja.kernel.tenancy import SystemPurpose, system_scope, workspace_scope
from kaja.workspaces.models import Member, Role, User, Workspace


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> None:
    """A password hash is slow by design; what is tested here is never how slow."""
    from django.conf import settings

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def nothing_waits_with_the_database() -> Iterator[None]:
    """A network, or any other thing outside, is never waited for inside a transaction: whoever does fails its test,
    also when something on the way caught the error."""
    outside.strict = True
    outside.found.clear()
    yield
    assert not outside.found


def _empty_tables(execute: Callable[[list[str]], None], statements: list[str]) -> None:
    """A browser's last request may still be under way when its test is over, and the database ends one of the two."""
    for _ in range(5):
        try:
            return execute(statements)
        except OperationalError as error:
            if not isinstance(error.__cause__, psycopg.errors.DeadlockDetected):
                raise
    return execute(statements)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: Any, django_db_blocker: Any) -> Iterator[None]:
    """After the owner has migrated, the tests connect as the application's role: row-level security is real."""
    with django_db_blocker.unblock():
        with connection.cursor() as cursor:
            cursor.execute("GRANT USAGE ON SCHEMA public TO kaja_app")
            cursor.execute("GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA public TO kaja_app")
            cursor.execute("GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public TO kaja_app")
            cursor.execute("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO kaja_app")
        connection.close()
        connection.settings_dict["USER"] = "kaja_app"
        # Tables that only SQL knows (the search index) point to ours, so emptying a table empties them too.
        flush = connection.ops.sql_flush
        connection.ops.sql_flush = lambda style, tables, *, reset_sequences=False, allow_cascade=False: flush(
            style, tables, reset_sequences=reset_sequences, allow_cascade=True
        )
        connection.ops.execute_sql_flush = partial(_empty_tables, connection.ops.execute_sql_flush)
    yield
    with django_db_blocker.unblock():
        connection.close()
        connection.settings_dict["USER"] = "kaja_owner"


@pytest.fixture(autouse=True)
def no_connection_left_behind() -> Iterator[None]:
    """The thread that runs synchronous code for asynchronous tests keeps its own connection, which another test could
    find cut, or pointing to a database that is gone."""
    yield
    SyncToAsync.single_thread_executor.submit(connections.close_all).result(60)


def make_workspace(slug: str, email: str) -> tuple[Workspace, User]:
    """A workspace and its curator."""
    user = User.objects.create_user(email, "correct horse battery")
    with system_scope(SystemPurpose.CREATE_WORKSPACE):
        workspace = Workspace.objects.create(name=slug.title(), slug=slug, time_zone="Europe/Tallinn")
        Member.objects.create(workspace=workspace, user=user, role=Role.CURATOR)
    return workspace, user


@pytest.fixture
def workspace(db: None) -> Workspace:
    return make_workspace("acme", "owner@acme.test")[0]


@pytest.fixture
def other_workspace(db: None) -> Workspace:
    return make_workspace("rival", "owner@rival.test")[0]


@pytest.fixture
def in_workspace(workspace: Workspace) -> Iterator[Workspace]:
    """The test runs inside the workspace's scope. That is the test's own transaction: what it calls may wait."""
    with workspace_scope(workspace.id):
        connection.atomic_blocks[-1]._from_testcase = True
        yield workspace
