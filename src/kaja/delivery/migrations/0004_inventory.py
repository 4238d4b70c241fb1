"""Another word for what a network was found to have. The table keeps its name, so the version before goes on with it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("delivery", "0003_fewer_indexes"), ("channels", "0001_initial")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameModel("Reckoning", "Inventory"),
                migrations.AlterField(
                    "Inventory",
                    "channel",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="inventory", to="channels.channel"
                    ),
                ),
            ]
        )
    ]
