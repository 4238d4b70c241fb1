"""A delivery belongs to a source, which may be another than a post: it has a kind, and no foreign key.

`variant_id` becomes the source's id and `post_revision` its version, under their old names in the database: the version
before goes on reading and writing them while this runs, and until its processes have ended.
"""

from django.db import migrations, models

# Django names a foreign key after a checksum.
NO_KEY = """
DO $$
DECLARE found text;
BEGIN
    SELECT conname INTO found FROM pg_constraint
    WHERE conrelid = 'publishing_delivery'::regclass AND contype = 'f' AND confrelid = 'content_variant'::regclass;
    IF found IS NOT NULL THEN
        EXECUTE format('ALTER TABLE publishing_delivery DROP CONSTRAINT %I', found);
    END IF;
END $$
"""
RENAME = "ALTER TABLE publishing_delivery RENAME CONSTRAINT delivery_once_per_variant TO delivery_once_per_source"


class Migration(migrations.Migration):
    dependencies = [("content", "0010_media_of_its_own"), ("publishing", "0007_reckoning")]

    operations = [
        migrations.AddField(
            model_name="delivery",
            name="source_kind",
            field=models.CharField(default="post", db_default="post", max_length=12),
        ),
        migrations.AddField(model_name="delivery", name="subject_id", field=models.UUIDField(null=True)),
        migrations.AddField(
            model_name="delivery", name="allowed", field=models.BooleanField(default=True, db_default=True)
        ),
        migrations.AddField(
            model_name="delivery", name="in_bin", field=models.BooleanField(default=False, db_default=False)
        ),
        migrations.AddField(
            model_name="delivery", name="has_late_limit", field=models.BooleanField(default=True, db_default=True)
        ),
        migrations.RunSQL([NO_KEY, RENAME], migrations.RunSQL.noop),
    ]
