"""The two walls between workspaces, tried on every tenant table."""

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import Model

from kaja.content.models import Label
from kaja.kernel.tenancy import UnscopedQuery, workspace_scope
from kaja.workspaces.models import Workspace
from kaja.workspaces.tenant import TenantModel

TENANT_MODELS = [m for m in apps.get_models() if issubclass(m, TenantModel)]


@pytest.mark.parametrize("model", TENANT_MODELS, ids=lambda m: m.__name__)
def test_unscoped_query_is_refused(model: type[Model], db: None) -> None:
    with pytest.raises(UnscopedQuery):
        model._default_manager.count()


@pytest.mark.parametrize("model", [*TENANT_MODELS, Workspace], ids=lambda m: m.__name__)
def test_row_level_security_is_forced(model: type[Model], db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = %s::regclass",
            [model._meta.db_table],
        )
        assert cursor.fetchone() == (True, True)


def test_raw_sql_sees_only_the_entered_workspace(workspace: Workspace, other_workspace: Workspace) -> None:
    for each in (workspace, other_workspace):
        with workspace_scope(each.id):
            Label.objects.create(name=f"label of {each.slug}")
    with workspace_scope(workspace.id), connection.cursor() as cursor:
        cursor.execute("SELECT name FROM content_label")
        assert cursor.fetchall() == [("label of acme",)]
        cursor.execute("UPDATE content_label SET name = 'stolen' WHERE workspace_id = %s", [other_workspace.id])
        assert cursor.rowcount == 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM content_label")
        assert cursor.fetchone() == (0,)
