"""Every channel that has credentials gets its grant. The triggers of 0006 bring what is written meanwhile."""

from typing import Any

from django.db import migrations

from kaja.kernel.tenancy import SystemPurpose, system_scope

# No version changes: a renewal that is under way in the version before ends as it began. Nobody else writes meanwhile.
FILL = (
    "LOCK TABLE channels_channel IN SHARE ROW EXCLUSIVE MODE",
    """
INSERT INTO channels_grant (id, workspace_id, network, base_url, subject, app, credentials, version, expires_at,
    renew_failures, renewing_by, renewing_until, created_at)
SELECT id, workspace_id, network, base_url, '', '', credentials, credentials_version, expires_at,
    0, renewing_by, renewing_until, created_at
FROM channels_channel WHERE length(credentials) > 0
ON CONFLICT DO NOTHING
""",
    "UPDATE channels_channel SET grant_id = id WHERE grant_id IS NULL AND length(credentials) > 0",
)


def fill(apps: Any, schema_editor: Any) -> None:
    with system_scope(SystemPurpose.MAINTENANCE), schema_editor.connection.cursor() as cursor:
        for statement in FILL:
            cursor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("channels", "0006_grants")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
