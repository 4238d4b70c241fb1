"""Queries that are compiled once answer as if they were made anew each time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from kaja.content.models import Label, Post
from kaja.kernel.compiled import CompiledQuery
from kaja.kernel.tenancy import SystemPurpose, UnscopedQuery, system_scope, workspace_scope
from kaja.workspaces.models import Workspace

DAY = datetime(2027, 5, 1, tzinfo=UTC)


def test_kept_query_sees_the_entered_workspace_and_the_given_values(
    workspace: Workspace, other_workspace: Workspace
) -> None:
    kept = CompiledQuery()
    built = []

    def ask(begin: datetime, end: datetime) -> list[tuple[Any, ...]]:
        def rows() -> QuerySet[Any, Any]:
            built.append(begin)
            found = Post.objects.filter(due_at__gte=begin, due_at__lt=end, state="draft")
            return found.order_by("due_at").values_list("summary")

        return kept.fetch(rows, begin, end)

    for place in (workspace, other_workspace):
        with workspace_scope(place.id):
            for number in range(3):
                Post.objects.create(summary=f"{place.slug} {number}", due_at=DAY + timedelta(days=number))
    for place in (workspace, other_workspace, workspace):
        with workspace_scope(place.id):
            assert ask(DAY, DAY + timedelta(days=2)) == [(f"{place.slug} 0",), (f"{place.slug} 1",)]
            assert ask(DAY + timedelta(days=2), DAY + timedelta(days=3)) == [(f"{place.slug} 2",)]
            assert ask(DAY + timedelta(days=9), DAY + timedelta(days=9)) == []
    assert len(built) == 1
    # Where every workspace is seen, the text is another one.
    with system_scope(SystemPurpose.MAINTENANCE):
        assert len(ask(DAY, DAY + timedelta(days=9))) == 6
    assert len(built) == 2
    with pytest.raises(UnscopedQuery):
        CompiledQuery().fetch(lambda: Post.objects.values_list("id"))


def test_values_that_are_equal_at_first_are_told_apart_later(in_workspace: Workspace) -> None:
    Post.objects.create(summary="x", due_at=DAY)
    kept = CompiledQuery()

    def ask(begin: datetime, end: datetime) -> int:
        return len(kept.fetch(lambda: Post.objects.filter(due_at__gte=begin, due_at__lt=end).values("id"), begin, end))

    assert [ask(DAY, DAY), ask(DAY, DAY + timedelta(days=1)), ask(DAY, DAY)] == [0, 1, 0]


def test_value_that_the_query_does_not_hold_is_refused(in_workspace: Workspace) -> None:
    with pytest.raises(ValueError, match="do not occur"):
        CompiledQuery().fetch(lambda: Post.objects.values_list("id"), DAY)


def test_keys_keep_queries_apart_and_the_text_around_is_used(in_workspace: Workspace) -> None:
    Label.objects.create(name="tips")
    Label.objects.create(name="news")
    kept = CompiledQuery("SELECT upper(found.name) FROM ({query}) found")
    for _ in range(2):
        for name in ("tips", "news"):
            rows = kept.fetch(lambda name=name: Label.objects.filter(name=name).values("name"), key=name)  # type: ignore[misc]
            assert rows == [(name.upper(),)]


@pytest.mark.django_db(transaction=True)
def test_scope_leaves_nothing_on_the_connection() -> None:
    """The outermost scope leaves it to the end of its transaction; an inner one gives back what was."""

    def seen() -> tuple[Any, ...]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT coalesce(current_setting('kaja.workspace_id', true), ''), "
                "coalesce(current_setting('kaja.system_scope', true), '')"
            )
            row: tuple[Any, ...] = cursor.fetchone()
            return row

    with system_scope(SystemPurpose.CREATE_WORKSPACE):
        one, two = (Workspace.objects.create(name=name, slug=name) for name in ("one", "two"))
    assert seen() == ("", "")
    with CaptureQueriesContext(connection) as found, workspace_scope(one.id):
        assert seen() == (str(one.id), "")
        with workspace_scope(two.id):
            assert seen() == (str(two.id), "")
        assert seen() == (str(one.id), "")
        with system_scope(SystemPurpose.MAINTENANCE):
            assert seen() == ("", SystemPurpose.MAINTENANCE.value)
        assert seen() == (str(one.id), "")
    assert seen() == ("", "")
    assert sum("kaja_enter_scope" in each["sql"] for each in found.captured_queries) == 5
    with pytest.raises(RuntimeError, match="broken"), workspace_scope(one.id):
        raise RuntimeError("broken")
    assert seen() == ("", "")
