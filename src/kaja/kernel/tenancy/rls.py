"""Row-level security as a migration operation."""

from typing import Any

from django.db.migrations.operations.base import Operation

from kaja.kernel.walls import IS_BUILT, USING, USING_PLAIN

POLICY = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY kaja_tenant ON {table} USING ({using});
"""
DROP = """
DROP POLICY kaja_tenant ON {table};
ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;
ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
"""


class ProtectTenantTable(Operation):
    """Force row-level security on a model's table; `column` names the workspace's id in it."""

    reversible = True

    def __init__(self, model_name: str, column: str = "workspace_id") -> None:
        self.model_name = model_name
        self.column = column

    def state_forwards(self, app_label: str, state: Any) -> None:
        """The model state does not know of policies."""

    def _run(self, sql: str, app_label: str, schema_editor: Any, state: Any) -> None:
        table = state.apps.get_model(app_label, self.model_name)._meta.db_table
        quote = schema_editor.connection.ops.quote_name
        with schema_editor.connection.cursor() as cursor:
            cursor.execute(IS_BUILT)
            # A table that is older than the walls' functions gets its last policy from the migration that makes them.
            using = USING if cursor.fetchone()[0] else USING_PLAIN
        using = using.format(column=quote(self.column))
        schema_editor.execute(sql.format(table=quote(table), using=using))

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        self._run(POLICY, app_label, schema_editor, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        self._run(DROP, app_label, schema_editor, from_state)

    def describe(self) -> str:
        return f"Force row-level security on {self.model_name}"
