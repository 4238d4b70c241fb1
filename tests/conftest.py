"""Fixtures that every test may use."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import SyncToAsync
from django.core.management import call_command
from django.db import connection, connections
from django.test import TransactionTestCase
from django.utils import timezone, translation
from whitenoise.middleware import WhiteNoiseMiddleware

from kaja.kernel import outside
from kaja.kernel.postgres import APP, OWNER
from kaja.kernel.tenancy import SystemPurpose, system_scope, workspace_scope
from kaja.workspaces.models import Member, Role, User, Workspace
from tests.suite.database import Emptier, copy_template, drop_database


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> None:
    """A password hash is slow by design; what is tested here is never how slow."""
    from django.conf import settings

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session", autouse=True)
def static_files_are_listed_once() -> Iterator[None]:
    """Each test client makes its middleware anew, and with it the list of all static files on the disk: a fifth of what
    the test of a page took."""
    listed: dict[str, dict[str, Any]] = {}
    list_files = WhiteNoiseMiddleware.add_files_from_finders

    def list_once(middleware: Any) -> None:
        if middleware.static_prefix not in listed:
            list_files(middleware)
            listed[middleware.static_prefix] = dict(middleware.files)
        middleware.files.update(listed[middleware.static_prefix])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", list_once)
        yield


@pytest.fixture(autouse=True)
def nothing_waits_with_the_database() -> Iterator[None]:
    """A network, or any other thing outside, is never waited for inside a transaction: whoever does fails its test,
    also when something on the way caught the error."""
    outside.strict = True
    outside.found.clear()
    yield
    assert not outside.found


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: Any) -> Iterator[None]:
    """A database of this process, copied from the one that was migrated for all of them. The tests connect as the
    application's role, so that row-level security is real."""
    before = dict(connection.settings_dict)
    mine = f"kaja_test_{os.getpid()}"

    def migrate(template: str) -> None:
        connection.settings_dict.update(NAME=template, USER=OWNER)
        call_command("migrate", verbosity=0)
        with connection.cursor() as cursor:
            cursor.execute("GRANT USAGE ON SCHEMA public TO kaja_app")
            cursor.execute("GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA public TO kaja_app")
            cursor.execute("GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public TO kaja_app")
            cursor.execute("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO kaja_app")
        connection.close()

    with django_db_blocker.unblock():
        copy_template(mine, migrate)
        connection.settings_dict.update(NAME=mine, USER=APP)
        filled = connection.introspection.django_table_names(only_existing=True, include_views=False)
        connection.close()
    emptier = Emptier(mine, filled, kept={"django_content_type", "auth_permission"})
    # What Django does instead, truncating every table and making the permissions anew, takes a quarter of a second.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda case: emptier())
        yield
    emptier.close()
    with django_db_blocker.unblock():
        connections.close_all()
    connection.settings_dict.update(before)
    drop_database(mine)


@pytest.fixture(autouse=True)
def no_connection_left_behind() -> Iterator[None]:
    """The thread that runs synchronous code for asynchronous tests keeps its own connection, which another test could
    find cut, or pointing to a database that is gone."""
    yield
    SyncToAsync.single_thread_executor.submit(connections.close_all).result(60)


@pytest.fixture(autouse=True)
def no_language_left_behind() -> Iterator[None]:
    """A page that a test client asked for leaves its visitor's language and clock to the thread, and so to the next
    test."""
    yield
    translation.deactivate()
    timezone.deactivate()


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
        block: Any = connection.atomic_blocks[-1]
        block._from_testcase = True
        yield workspace
