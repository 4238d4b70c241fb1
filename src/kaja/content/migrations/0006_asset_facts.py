from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("content", "0005_search")]

    operations = [
        migrations.AddField("asset", "facts", models.JSONField(default=dict)),
        migrations.AddIndex("asset", models.Index(fields=["workspace", "sha256"], name="asset_same")),
    ]
