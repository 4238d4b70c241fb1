"""Consents in rows of their own.

Live-safe: the version before knows a channel's credentials only in the channel's row, reads and renews them there, and
goes on while this runs and after it. So its columns stay, unknown to the models, and the database keeps them and the
grants alike: whatever either version writes (credentials, versions, whose turn it is to renew), the other sees in the
same transaction. A grant that was made from a channel has the channel's id, which is also what its credentials are
sealed for, so nothing has to be opened. A later version drops the columns and the triggers.
"""

import django.db.models.deletion
import kaja.kernel.ids
from django.db import migrations, models

from kaja.kernel.tenancy.rls import ProtectTenantTable

OLD_COLUMNS = ("credentials", "credentials_version", "renewing_by", "renewing_until")

TRIGGERS = """
ALTER TABLE channels_channel ALTER COLUMN credentials SET DEFAULT ''::bytea;

CREATE FUNCTION channels_old_to_grant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_trigger_depth() > 1 THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' AND (OLD.credentials, OLD.credentials_version, OLD.renewing_by, OLD.renewing_until)
        IS NOT DISTINCT FROM (NEW.credentials, NEW.credentials_version, NEW.renewing_by, NEW.renewing_until) THEN
        RETURN NEW;
    END IF;
    IF length(NEW.credentials) = 0 THEN
        UPDATE channels_grant SET credentials = ''::bytea, version = NEW.credentials_version,
            renewing_by = NULL, renewing_until = NULL
        WHERE id = NEW.id AND NOT EXISTS (
            SELECT FROM channels_channel c
            WHERE c.grant_id = NEW.id AND c.id <> NEW.id AND c.disconnected_at IS NULL);
        RETURN NEW;
    END IF;
    INSERT INTO channels_grant (id, workspace_id, network, base_url, subject, app, credentials, version,
        renew_failures, renewing_by, renewing_until, created_at)
    VALUES (NEW.id, NEW.workspace_id, NEW.network, NEW.base_url, '', '', NEW.credentials, NEW.credentials_version,
        0, NEW.renewing_by, NEW.renewing_until, now())
    ON CONFLICT (id) DO UPDATE SET base_url = EXCLUDED.base_url, credentials = EXCLUDED.credentials,
        version = EXCLUDED.version, renewing_by = EXCLUDED.renewing_by, renewing_until = EXCLUDED.renewing_until;
    NEW.grant_id := NEW.id;
    RETURN NEW;
END $$;

CREATE FUNCTION channels_grant_to_old() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_trigger_depth() = 1 THEN
        UPDATE channels_channel SET credentials = NEW.credentials, credentials_version = NEW.version,
            renewing_by = NEW.renewing_by, renewing_until = NEW.renewing_until
        WHERE id = NEW.id;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER old_to_grant
    BEFORE INSERT OR UPDATE OF credentials, credentials_version, renewing_by, renewing_until ON channels_channel
    FOR EACH ROW EXECUTE FUNCTION channels_old_to_grant();
CREATE TRIGGER grant_to_old
    AFTER INSERT OR UPDATE OF credentials, version, renewing_by, renewing_until ON channels_grant
    FOR EACH ROW EXECUTE FUNCTION channels_grant_to_old();
"""
NO_TRIGGERS = """
DROP TRIGGER old_to_grant ON channels_channel;
DROP TRIGGER grant_to_old ON channels_grant;
DROP FUNCTION channels_old_to_grant();
DROP FUNCTION channels_grant_to_old();
"""


class Migration(migrations.Migration):
    dependencies = [("channels", "0005_credentials_version"), ("workspaces", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Grant",
            fields=[
                ("id", models.UUIDField(default=kaja.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("network", models.CharField(max_length=30)),
                ("base_url", models.CharField(blank=True, max_length=300)),
                ("subject", models.CharField(blank=True, default="", max_length=255)),
                ("app", models.CharField(blank=True, default="", max_length=30)),
                ("credentials", models.BinaryField(default=bytes)),
                ("version", models.PositiveIntegerField(default=0)),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("renew_at", models.DateTimeField(blank=True, null=True)),
                ("renew_failures", models.PositiveSmallIntegerField(default=0)),
                ("renew_problem", models.JSONField(blank=True, null=True)),
                ("renewing_by", models.UUIDField(blank=True, null=True)),
                ("renewing_until", models.DateTimeField(blank=True, null=True)),
                ("warned_of", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("workspace", models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="workspaces.workspace")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(condition=models.Q(("subject", ""), _negated=True), fields=("workspace", "network", "base_url", "app", "subject"), name="grant_once"),
                ],
                "indexes": [
                    models.Index(condition=models.Q(("renew_at__isnull", False)), fields=["renew_at"], name="grant_renewal"),
                    models.Index(condition=models.Q(("expires_at__isnull", False)), fields=["expires_at"], name="grant_end"),
                ],
            },
        ),
        ProtectTenantTable("Grant"),
        migrations.AddField(
            model_name="channel",
            name="grant",
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.RESTRICT, related_name="channels", to="channels.grant"),
        ),
        migrations.AddField(
            model_name="channel",
            name="own_credentials",
            field=models.BinaryField(default=bytes, db_default=b""),
        ),
        migrations.RunSQL(
            TRIGGERS,
            NO_TRIGGERS,
            state_operations=[migrations.RemoveField("channel", name) for name in OLD_COLUMNS],
        ),
    ]
