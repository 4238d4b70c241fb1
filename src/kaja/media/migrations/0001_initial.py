import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import kaja.kernel.ids


class Migration(migrations.Migration):
    """Files were a part of `content` before. Only the state moves: the table, its policy, its rights, its indexes and
    the rows stay where they are, under the same name, so a Kaja of the version before goes on working."""

    initial = True
    dependencies = [
        ("content", "0009_wall_clock"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name="Asset",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=kaja.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("kind", models.CharField(max_length=10)),
                        ("file", models.CharField(max_length=300)),
                        ("thumbnail", models.CharField(blank=True, max_length=300)),
                        ("filename", models.CharField(max_length=255)),
                        ("mime", models.CharField(max_length=60)),
                        ("size", models.BigIntegerField()),
                        ("width", models.PositiveIntegerField()),
                        ("height", models.PositiveIntegerField()),
                        ("duration", models.FloatField(default=0)),
                        ("sha256", models.CharField(max_length=64)),
                        ("facts", models.JSONField(default=dict)),
                        ("alt", models.TextField(blank=True)),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "uploaded_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "workspace",
                            models.ForeignKey(
                                editable=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="workspaces.workspace",
                            ),
                        ),
                    ],
                    options={
                        "db_table": "content_asset",
                        "indexes": [
                            models.Index(fields=["workspace", "-created_at"], name="asset_recent"),
                            models.Index(fields=["workspace", "sha256"], name="asset_same"),
                        ],
                    },
                )
            ],
        )
    ]
