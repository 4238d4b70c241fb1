"""What a statement that somebody smuggled in could reach: nothing but the workspace that the request is in."""

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from django.db import ProgrammingError, connection, transaction
from psycopg.errors import InsufficientPrivilege

from kaja.content.models import Label, Post
from kaja.kernel.tenancy import SystemPurpose, enter_key, system_scope, workspace_scope
from kaja.workspaces.models import Workspace


@pytest.fixture
def labels(workspace: Workspace, other_workspace: Workspace) -> tuple[Workspace, Workspace]:
    for each in (workspace, other_workspace):
        with workspace_scope(each.id):
            Label.objects.create(name=f"label of {each.slug}")
    return workspace, other_workspace


def seen(cursor: Any) -> set[str]:
    cursor.execute("SELECT name FROM content_label UNION ALL SELECT name FROM workspaces_workspace")
    return {row[0] for row in cursor.fetchall()}


Attack = Callable[[Any, Workspace], None]


def set_the_purpose(cursor: Any, other: Workspace) -> None:
    cursor.execute("SELECT set_config('kaja.system_scope', 'operator''s maintenance', true)")


def set_the_workspace(cursor: Any, other: Workspace) -> None:
    cursor.execute("SELECT set_config('kaja.workspace_id', %s, true)", [str(other.id)])


def set_for_the_session(cursor: Any, other: Workspace) -> None:
    cursor.execute("SET kaja.system_scope = 'claim due deliveries'; SET kaja.workspace_id = ''")


def make_up_a_proof(cursor: Any, other: Workspace) -> None:
    set_the_purpose(cursor, other)
    cursor.execute("SELECT set_config('kaja.scope_proof', encode(sha256(timestamptz_send(now())), 'hex'), true)")


def become_the_owner(cursor: Any, other: Workspace) -> None:
    cursor.execute("SELECT set_config('role', 'kaja_owner', true)")


def enter_without_the_key(cursor: Any, other: Workspace) -> None:
    cursor.execute("SELECT kaja_enter_scope('', 'maintenance', 'guess')")


def read_the_key(cursor: Any, other: Workspace) -> None:
    cursor.execute("SELECT key FROM kaja_scope_key")
    assert cursor.fetchall() == []


def overwrite_the_key(cursor: Any, other: Workspace) -> None:
    cursor.execute("UPDATE kaja_scope_key SET key = 'guess'")
    assert cursor.rowcount == 0
    cursor.execute("DELETE FROM kaja_scope_key")
    assert cursor.rowcount == 0
    cursor.execute("INSERT INTO kaja_scope_key (key) VALUES ('guess')")


def shadow_the_key(cursor: Any, other: Workspace) -> None:
    cursor.execute("CREATE TEMP TABLE kaja_scope_key (one boolean, key bytea)")
    cursor.execute("INSERT INTO pg_temp.kaja_scope_key VALUES (true, 'guess')")
    cursor.execute("SELECT kaja_enter_scope('', 'maintenance', 'guess')")


def replace_the_check(cursor: Any, other: Workspace) -> None:
    cursor.execute(
        "CREATE OR REPLACE FUNCTION kaja_scope_is_proven() RETURNS boolean LANGUAGE sql STABLE AS 'SELECT true'"
    )


ATTACKS: list[Attack] = [
    set_the_purpose, set_the_workspace, set_for_the_session, make_up_a_proof, become_the_owner, enter_without_the_key,
    read_the_key, overwrite_the_key, shadow_the_key, replace_the_check,
]  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_an_injected_statement_leaves_no_workspace(attack: Attack, labels: tuple[Workspace, Workspace]) -> None:
    mine, other = labels
    with workspace_scope(mine.id), connection.cursor() as cursor:
        cursor.execute("SELECT current_user, session_user")
        assert cursor.fetchone() == ("kaja_app", "kaja_app")
        # What is refused, is refused for want of a right; what is not, wins nothing.
        with suppress(InsufficientPrivilege), transaction.atomic():
            try:
                attack(cursor, other)
            except ProgrammingError as error:
                raise error.__cause__ or error from None
        assert seen(cursor) <= {"label of acme", "Acme"}


@pytest.mark.parametrize("attack", ATTACKS[:4], ids=lambda attack: attack.__name__)
def test_an_injected_statement_outside_of_a_scope_sees_nothing(
    attack: Attack, labels: tuple[Workspace, Workspace]
) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        attack(cursor, labels[1])
        assert seen(cursor) == set()


def test_a_scope_that_was_left_cannot_be_entered_again(labels: tuple[Workspace, Workspace]) -> None:
    with transaction.atomic():
        with system_scope(SystemPurpose.SIGN_IN), connection.cursor() as cursor:
            assert "Rival" in seen(cursor)
        with connection.cursor() as cursor:
            set_the_purpose(cursor, labels[1])
            assert seen(cursor) == set()


@pytest.mark.django_db(transaction=True)
def test_a_proof_is_worth_nothing_in_another_transaction() -> None:
    from tests.conftest import make_workspace

    make_workspace("acme", "owner@acme.test")
    with system_scope(SystemPurpose.SIGN_IN), connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('kaja.scope_proof'), current_setting('kaja.system_scope')")
        proof, purpose = cursor.fetchone()
        assert re.fullmatch("[0-9a-f]{64}", proof)
        assert seen(cursor) == {"Acme"}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('kaja.scope_proof', %s, true), set_config('kaja.system_scope', %s, true)",
                       [proof, purpose])  # fmt: skip
        assert seen(cursor) == set()


def test_no_list_of_statements_shows_the_key(workspace: Workspace) -> None:
    with workspace_scope(workspace.id), connection.cursor() as cursor:
        cursor.execute("SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid()")
        assert enter_key() not in str(cursor.fetchall())
    with workspace_scope(workspace.id):
        # What another session sees of this one, whose last statement entered the scope.
        address = connection.get_connection_params()
        keep = {name: address[name] for name in ("dbname", "user", "password", "host", "port") if address.get(name)}
        with psycopg.connect(**keep) as watcher:
            pid = connection.connection.info.backend_pid
            row = watcher.execute("SELECT query FROM pg_stat_activity WHERE pid = %s", [pid]).fetchone()
    assert row is not None
    assert "kaja_enter_scope($1, $2, $3)" in row[0]


def test_the_policies_of_all_tenant_tables_ask_for_the_proof(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT polrelid::regclass::text, pg_get_expr(polqual, polrelid) FROM pg_policy "
                       "WHERE polname = 'kaja_tenant'")  # fmt: skip
        found = dict(cursor.fetchall())
    assert len(found) > 20
    assert [table for table, text in found.items() if "kaja_scope_is_proven()" not in text] == []


def test_the_search_answers_in_the_entered_workspace_only(labels: tuple[Workspace, Workspace]) -> None:
    """It runs as the tables' owner, whom no policy holds."""
    mine, other = labels
    with workspace_scope(other.id):
        post = Post.objects.create(
            document={"parts": [{"text": "a secret plan", "media": []}]}, summary="a secret plan"
        )
    with workspace_scope(other.id), connection.cursor() as cursor:
        cursor.execute("SELECT post_id FROM content_search_posts(%s, 'secret', NULL)", [other.id])
        assert cursor.fetchall() == [(post.id,)]
    with workspace_scope(mine.id), connection.cursor() as cursor:
        set_the_workspace(cursor, other)
        with pytest.raises(ProgrammingError, match="outside the entered workspace"), transaction.atomic():
            cursor.execute("SELECT post_id FROM content_search_posts(%s, 'secret', NULL)", [other.id])
