"""What stands on a network belongs to one delivery, and which worker holds a row is known.

Rows that already share one remote object: one of them was never sent. Those of the last month go to a person, who is
told so; older ones keep what they say, outside the new rule.
"""

import json
from typing import Any

import django.db.models.deletion
from django.db import migrations, models
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce

from kaja.kernel.tenancy import SystemPurpose, system_scope
from kaja.delivery.problems import SHARED, render_problem

FILL = "UPDATE publishing_publication p SET channel_id = d.channel_id FROM publishing_delivery d WHERE d.id = p.delivery_id"
# The owner is the one whom the network told; who was found later by the words alone is the other.
SHARING = """
CREATE TEMPORARY TABLE sharing ON COMMIT DROP AS
SELECT id, delivery_id, published_at FROM (
    SELECT p.id, p.delivery_id, p.published_at, row_number() OVER (
        PARTITION BY p.channel_id, p.remote_id, COALESCE(p.data->>'type', '')
        ORDER BY NOT EXISTS (SELECT 1 FROM publishing_attempt a
            WHERE a.delivery_id = p.delivery_id AND a.irreversible AND a.outcome = 'sent'), p.id) AS place
    FROM publishing_publication p JOIN (
        SELECT channel_id, remote_id, COALESCE(data->>'type', '') AS type FROM publishing_publication
        GROUP BY 1, 2, 3 HAVING count(*) > 1) twice
    ON (twice.channel_id, twice.remote_id, twice.type) = (p.channel_id, p.remote_id, COALESCE(p.data->>'type', ''))
) ranked WHERE place > 1
"""
SETTLE = (
    "UPDATE publishing_publication p SET channel_id = NULL FROM sharing s WHERE s.id = p.id",
    "DELETE FROM sharing WHERE published_at < now() - interval '30 days'",
    "DELETE FROM publishing_remotechange c USING sharing s WHERE c.publication_id = s.id",
    "DELETE FROM publishing_publication p USING sharing s WHERE s.id = p.id",
)
DOUBT = """
UPDATE publishing_delivery d SET state = 'uncertain', needs_person = true, remote_id = '', remote_url = '',
    sent_at = NULL, uncertain_since = s.published_at, next_at = NULL, fence = d.fence + 1, problem = %s::jsonb
FROM sharing s WHERE s.delivery_id = d.id
"""


def give_to_one(apps: Any, schema_editor: Any) -> None:
    with system_scope(SystemPurpose.MAINTENANCE), schema_editor.connection.cursor() as cursor:
        cursor.execute(FILL)
        cursor.execute(SHARING)
        for statement in SETTLE:
            cursor.execute(statement)
        cursor.execute(DOUBT, [json.dumps(render_problem(SHARED))])
        cursor.execute("DROP TABLE sharing")
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # before the tables change


class Migration(migrations.Migration):
    dependencies = [("channels", "0003_tenancy"), ("publishing", "0005_untold_events")]

    operations = [
        migrations.CreateModel(
            name="WorkerSign",
            fields=[
                ("key", models.BigIntegerField(primary_key=True, serialize=False)),
                ("machine", models.CharField(max_length=120)),
                ("pid", models.IntegerField()),
                ("seen_at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(model_name="delivery", name="claimed_by", field=models.BigIntegerField(null=True)),
        migrations.AddField(
            model_name="publication",
            name="channel",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="channels.channel",
            ),
        ),
        migrations.RunPython(give_to_one, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("state__in", ("uncertain", "processing"))),
                fields=["channel"],
                name="delivery_doubted",
            ),
        ),
        migrations.AddConstraint(
            model_name="publication",
            constraint=models.UniqueConstraint(
                models.F("channel"),
                models.F("remote_id"),
                Coalesce(KeyTextTransform("type", "data"), models.Value("")),
                name="publication_owns_remote",
            ),
        ),
    ]
