from django.db import migrations


class Migration(migrations.Migration):
    """Files belong to `media` from now on; the table stays (`media` 0001)."""

    dependencies = [("content", "0009_wall_clock"), ("media", "0001_initial")]

    operations = [
        migrations.SeparateDatabaseAndState(state_operations=[migrations.DeleteModel("Asset")]),
    ]
