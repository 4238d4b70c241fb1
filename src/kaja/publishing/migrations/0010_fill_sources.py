"""What is still to come, or waits for a person, learns what its source says of it. What is done needs none of it."""

from typing import Any

from django.db import migrations

from kaja.kernel.tenancy import SystemPurpose, system_scope

FILL = """
UPDATE publishing_delivery d
SET subject_id = v.post_id, in_bin = p.deleted_at IS NOT NULL,
    allowed = p.state = 'scheduled' AND p.deleted_at IS NULL AND v.removed_at IS NULL
FROM content_variant v JOIN content_post p ON p.id = v.post_id
WHERE v.id = d.variant_id AND d.source_kind = 'post' AND d.state NOT IN ('sent', 'cancelled')
"""


def fill(apps: Any, schema_editor: Any) -> None:
    with system_scope(SystemPurpose.MAINTENANCE), schema_editor.connection.cursor() as cursor:
        cursor.execute(FILL)


class Migration(migrations.Migration):
    dependencies = [("content", "0010_media_of_its_own"), ("publishing", "0009_to_delivery")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
