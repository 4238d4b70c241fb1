"""Scopes that only the application can enter, and policies that ask for their proof (see `kernel/walls.py`)."""

from typing import Any

from django.conf import settings
from django.db import migrations

from kaja.kernel.walls import FUNCTIONS, POLICIES, USING, USING_PLAIN, set_scope_key


def _set_policies(schema_editor: Any, using: str) -> None:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(POLICIES)
        for (table,) in cursor.fetchall():
            column = '"id"' if table == "workspaces_workspace" else '"workspace_id"'
            cursor.execute(f"ALTER POLICY kaja_tenant ON {table} USING ({using.format(column=column)})")


def build(apps: Any, schema_editor: Any) -> None:
    with schema_editor.connection.cursor() as cursor:
        set_scope_key(cursor, settings.SECRET_KEY)
        cursor.execute(FUNCTIONS)
    _set_policies(schema_editor, USING)


def take_down(apps: Any, schema_editor: Any) -> None:
    _set_policies(schema_editor, USING_PLAIN)
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("DROP FUNCTION kaja_enter_scope(text, text, text), kaja_scope_is_proven()")


class Migration(migrations.Migration):
    dependencies = [("kernel", "0002_loops")]

    operations = [migrations.RunPython(build, take_down, elidable=False)]
