from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Bucket",
            fields=[
                ("id", models.BinaryField(max_length=32, primary_key=True, serialize=False)),
                ("purpose", models.CharField(max_length=40)),
                ("used_until", models.DateTimeField(db_index=True)),
                ("room", models.DurationField()),
            ],
        ),
        migrations.RunSQL("ALTER TABLE kernel_bucket SET UNLOGGED", migrations.RunSQL.noop),
    ]
