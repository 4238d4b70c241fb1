"""A notice belongs to one member, and each member chooses which of them come by e-mail."""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models

from kaja.kernel.tenancy import SystemPurpose, system_scope

CHOICES = [
    ("all", "Everything that needs somebody"),
    ("mine", "Only what concerns my own posts"),
    ("none", "None"),
]
# Rows of every workspace, inside the forced row-level security; foreign keys at once, before the column changes.
FORWARD = """
UPDATE workspaces_member m SET mails = 'none'
    FROM workspaces_user u WHERE u.id = m.user_id AND NOT u.mail_notices;
INSERT INTO workspaces_notice
    (id, workspace_id, member_id, kind, message, params, path, created_at, read_at, mailed_at)
SELECT gen_random_uuid(), n.workspace_id, m.id, n.kind, n.message, n.params, n.path, n.created_at, n.read_at, n.mailed_at
    FROM workspaces_notice n JOIN workspaces_member m ON m.workspace_id = n.workspace_id WHERE n.member_id IS NULL;
DELETE FROM workspaces_notice WHERE member_id IS NULL;
SET CONSTRAINTS ALL IMMEDIATE;
"""


def bring_over(apps: Any, schema_editor: Any) -> None:
    with system_scope(SystemPurpose.MAINTENANCE), schema_editor.connection.cursor() as cursor:
        cursor.execute(FORWARD)


class Migration(migrations.Migration):
    dependencies = [("workspaces", "0003_person_preferences")]

    operations = [
        migrations.AddField(
            "member",
            "mails",
            models.CharField(blank=True, choices=CHOICES, default="", max_length=4, verbose_name="e-mails"),
            preserve_default=False,
        ),
        migrations.RunPython(bring_over, migrations.RunPython.noop),
        migrations.AlterField(
            "notice",
            "member",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="notices", to="workspaces.member"
            ),
        ),
        migrations.RemoveField("user", "mail_notices"),
    ]
