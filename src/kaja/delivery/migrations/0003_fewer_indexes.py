"""Each change of a delivery's state writes to every index of it: what follows nothing has no entry among those that
follow, and calls are found by the index that begins with their delivery. Room in the pages of the journal lets a line be
completed where it stands, without touching its indexes.

Django would drop and check the foreign keys anew, which takes long on a full journal; they are not touched.
"""

import django.db.models.deletion
from django.db import migrations, models

# Django names an index of a foreign key after a checksum.
DROP = """
DO $$
DECLARE found text;
BEGIN
    FOR found IN
        SELECT i.indexrelid::regclass::text FROM pg_index i
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE i.indnatts = 1 AND NOT i.indisunique AND i.indpred IS NULL
          AND (i.indrelid, a.attname) IN
            (('publishing_attempt'::regclass, 'delivery_id'), ('publishing_delivery'::regclass, 'after_id'))
    LOOP
        EXECUTE format('DROP INDEX %s', found);
    END LOOP;
END $$
"""
ROOM = "ALTER TABLE publishing_attempt SET (fillfactor = 70)"


class Migration(migrations.Migration):
    dependencies = [("delivery", "0002_ahead")]

    operations = [
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(condition=models.Q(after__isnull=False), fields=["after"], name="delivery_after"),
        ),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    model_name="attempt",
                    name="delivery",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attempts",
                        to="delivery.delivery",
                    ),
                ),
                migrations.AlterField(
                    model_name="delivery",
                    name="after",
                    field=models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="following",
                        to="delivery.delivery",
                    ),
                ),
            ],
            database_operations=[migrations.RunSQL([DROP, ROOM], migrations.RunSQL.noop)],
        ),
    ]
