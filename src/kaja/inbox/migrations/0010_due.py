"""What of a conversation is due first stands with it, so that an index holds the order."""

import datetime
from typing import Any

from django.db import migrations, models

from kaja.kernel.tenancy import SystemPurpose, system_scope

FILL = """
UPDATE inbox_conversation c SET due_at = w.due_at
FROM (
    SELECT conversation_id, min(due_at) AS due_at FROM inbox_answerwait
    WHERE ended_at IS NULL AND due_at IS NOT NULL GROUP BY conversation_id
) AS w
WHERE w.conversation_id = c.id
"""
NEVER = datetime.datetime(9000, 1, 1, tzinfo=datetime.UTC)


def fill(apps: Any, schema_editor: Any) -> None:
    with system_scope(SystemPurpose.MAINTENANCE), schema_editor.connection.cursor() as cursor:
        cursor.execute(FILL)


class Migration(migrations.Migration):
    dependencies = [("inbox", "0009_people")]

    operations = [
        migrations.AddField(
            "answerwait",
            "pauses",
            models.JSONField(db_default=[], default=list),
        ),
        migrations.AddField(
            "conversation",
            "due_at",
            models.DateTimeField(db_default=NEVER, default=NEVER),
        ),
        migrations.AddIndex(
            "conversation",
            models.Index(fields=["workspace", "due_at", "-last_at", "-id"], name="conversation_due"),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
