"""The tables of deliveries change hands: what was publishing's is delivery's. The database is not touched, and the tables
keep their names, because the version before goes on working while this runs."""

import django.db.models.deletion
import django.db.models.fields.json
import django.db.models.functions.comparison
import kaja.kernel.ids
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('channels', '0005_credentials_version'),
        ('publishing', '0008_sources'),
        ('workspaces', '0008_held'),
    ]

    operations = [migrations.SeparateDatabaseAndState(state_operations=[
        migrations.CreateModel(
            name='WorkerSign',
            fields=[
                ('key', models.BigIntegerField(primary_key=True, serialize=False)),
                ('machine', models.CharField(max_length=120)),
                ('pid', models.IntegerField()),
                ('seen_at', models.DateTimeField()),
            ],
            options={
                'db_table': 'publishing_workersign',
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.UUIDField(default=kaja.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('source_kind', models.CharField(db_default='post', default='post', max_length=12)),
                ('source_id', models.UUIDField(db_column='variant_id')),
                ('subject_id', models.UUIDField(null=True)),
                ('allowed', models.BooleanField(db_default=True, default=True)),
                ('in_bin', models.BooleanField(db_default=False, default=False)),
                ('has_late_limit', models.BooleanField(db_default=True, default=True)),
                ('kind', models.CharField(choices=[('post', 'Post'), ('continuation', 'Next part of the thread'), ('comment', 'First comment')], default='post', max_length=12)),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('state', models.CharField(choices=[('scheduled', 'Scheduled'), ('sending', 'Being sent'), ('processing', 'The network is working on it'), ('waiting', 'Waiting'), ('uncertain', 'Being checked'), ('sent', 'Sent'), ('failed', 'Failed'), ('missed', 'Missed'), ('cancelled', 'Cancelled')], default='scheduled', max_length=12)),
                ('due_at', models.DateTimeField()),
                ('next_at', models.DateTimeField(null=True)),
                ('fence', models.BigIntegerField(default=0)),
                ('lease_until', models.DateTimeField(null=True)),
                ('claimed_by', models.BigIntegerField(null=True)),
                ('stage', models.CharField(blank=True, max_length=30)),
                ('checkpoint', models.JSONField(default=dict)),
                ('content', models.JSONField(null=True)),
                ('version', models.PositiveIntegerField(db_column='post_revision', default=0)),
                ('attempts_made', models.PositiveIntegerField(default=0)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('uncertain_since', models.DateTimeField(null=True)),
                ('needs_person', models.BooleanField(default=False)),
                ('problem', models.JSONField(null=True)),
                ('candidates', models.JSONField(default=list)),
                ('remote_id', models.CharField(blank=True, max_length=500)),
                ('remote_url', models.CharField(blank=True, max_length=1000)),
                ('sent_at', models.DateTimeField(null=True)),
                ('announce', models.CharField(blank=True, max_length=12)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('after', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='following', to='delivery.delivery')),
                ('channel', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='channels.channel')),
                ('workspace', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='workspaces.workspace')),
            ],
            options={
                'db_table': 'publishing_delivery',
            },
        ),
        migrations.CreateModel(
            name='Attempt',
            fields=[
                ('id', models.UUIDField(default=kaja.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('fence', models.BigIntegerField()),
                ('stage', models.CharField(max_length=30)),
                ('irreversible', models.BooleanField(default=False)),
                ('started_at', models.DateTimeField()),
                ('finished_at', models.DateTimeField(null=True)),
                ('outcome', models.CharField(blank=True, max_length=20)),
                ('message', models.CharField(blank=True, max_length=300)),
                ('params', models.JSONField(default=dict)),
                ('evidence', models.JSONField(default=list)),
                ('worker', models.CharField(blank=True, max_length=80)),
                ('workspace', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='workspaces.workspace')),
                ('delivery', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='attempts', to='delivery.delivery')),
            ],
            options={
                'db_table': 'publishing_attempt',
            },
        ),
        migrations.CreateModel(
            name='Publication',
            fields=[
                ('id', models.UUIDField(default=kaja.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('remote_id', models.CharField(max_length=500)),
                ('remote_url', models.CharField(blank=True, max_length=1000)),
                ('data', models.JSONField(default=dict)),
                ('sent', models.JSONField()),
                ('published_at', models.DateTimeField()),
                ('edited_at', models.DateTimeField(null=True)),
                ('deleted_at', models.DateTimeField(null=True)),
                ('channel', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='channels.channel')),
                ('delivery', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='publication', to='delivery.delivery')),
                ('workspace', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='workspaces.workspace')),
            ],
            options={
                'db_table': 'publishing_publication',
            },
        ),
        migrations.CreateModel(
            name='Reckoning',
            fields=[
                ('id', models.UUIDField(default=kaja.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('looked_at', models.DateTimeField()),
                ('found', models.JSONField(default=dict)),
                ('strangers', models.JSONField(default=list)),
                ('complete', models.BooleanField(default=False)),
                ('problem', models.JSONField(null=True)),
                ('channel', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='reckoning', to='channels.channel')),
                ('workspace', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='workspaces.workspace')),
            ],
            options={
                'db_table': 'publishing_reckoning',
            },
        ),
        migrations.CreateModel(
            name='UntoldEvent',
            fields=[
                ('id', models.UUIDField(default=kaja.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('event', models.CharField(max_length=12)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('next_at', models.DateTimeField(null=True)),
                ('error', models.CharField(max_length=300)),
                ('failed_at', models.DateTimeField()),
                ('delivery', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='untold', to='delivery.delivery')),
                ('workspace', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='workspaces.workspace')),
            ],
            options={
                'db_table': 'publishing_untoldevent',
            },
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('state__in', ('scheduled', 'sending', 'processing', 'waiting', 'uncertain'))), fields=['next_at'], name='delivery_open'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('state__in', ('scheduled', 'sending', 'processing', 'waiting', 'uncertain'))), fields=['channel', 'due_at'], name='delivery_channel_open'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('needs_person', True)), fields=['workspace', 'needs_person'], name='delivery_needs_you'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('announce', ''), _negated=True), fields=['workspace'], name='delivery_announce'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('state__in', ('uncertain', 'processing'))), fields=['channel'], name='delivery_doubted'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.UniqueConstraint(fields=('source_id', 'position'), name='delivery_once_per_source'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'sending')), fields=('channel',), name='delivery_one_in_flight'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'sent'), _negated=True), models.Q(('remote_id', ''), _negated=True), _connector='OR'), name='sent_has_remote_id'),
        ),
        migrations.AddIndex(
            model_name='attempt',
            index=models.Index(fields=['delivery', 'started_at'], name='attempt_of_delivery'),
        ),
        migrations.AddConstraint(
            model_name='publication',
            constraint=models.UniqueConstraint(models.F('channel'), models.F('remote_id'), django.db.models.functions.comparison.Coalesce(django.db.models.fields.json.KeyTextTransform('type', 'data'), models.Value('')), name='publication_owns_remote'),
        ),
    ])]
