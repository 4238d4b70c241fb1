"""Deliveries and what belongs to them have a room of their own now. The database is not touched."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("delivery", "0001_from_publishing"), ("publishing", "0008_sources")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    model_name="remotechange",
                    name="publication",
                    field=models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="changes", to="delivery.publication"
                    ),
                ),
                migrations.DeleteModel(name="Attempt"),
                migrations.DeleteModel(name="UntoldEvent"),
                migrations.DeleteModel(name="Publication"),
                migrations.DeleteModel(name="Reckoning"),
                migrations.DeleteModel(name="Delivery"),
                migrations.DeleteModel(name="WorkerSign"),
                migrations.CreateModel(
                    name="PostDelivery",
                    fields=[],
                    options={"proxy": True, "indexes": [], "constraints": []},
                    bases=("delivery.delivery",),
                ),
            ]
        )
    ]
