"""All of the app's tables at once, for a new database; one that has run the old steps keeps to them."""

import datetime
import django.db.models.deletion
import django.utils.timezone
import partner_console.cloud.simulated.models
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('simulated', '0001_initial'), ('simulated', '0002_permissions_and_billing'), ('simulated', '0003_instances_and_clock')]

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='SimAccount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.CharField(max_length=20, unique=True)),
                ('partner_uid', models.CharField(blank=True, db_index=True, default='', max_length=20)),
                ('login_name', models.CharField(blank=True, default='', max_length=200)),
                ('email', models.CharField(blank=True, default='', max_length=254)),
                ('mobile', models.CharField(blank=True, default='', max_length=40)),
                ('country', models.CharField(blank=True, default='', max_length=2)),
                ('account_type', models.PositiveSmallIntegerField(default=2)),
                ('is_enterprise', models.BooleanField(default=True)),
                ('is_certified', models.BooleanField(default=True)),
                ('linked_at', models.DateTimeField(null=True)),
                ('amount', models.DecimalField(decimal_places=2, default=0, max_digits=22)),
                ('deducted', models.DecimalField(decimal_places=6, default=0, max_digits=22)),
                ('undeducted', models.DecimalField(decimal_places=6, default=0, max_digits=22)),
                ('warning_percent', models.PositiveSmallIntegerField(default=20)),
                ('payg_frozen', models.BooleanField(default=False)),
                ('purchase_control', models.CharField(default='normal', max_length=20)),
                ('shutdown_policy', models.CharField(default='immediatelyStop', max_length=20)),
                ('payg_stopped_at', models.DateTimeField(null=True)),
                ('trustee_uid', models.CharField(blank=True, db_index=True, default='', max_length=20)),
                ('scopes', models.JSONField(default=partner_console.cloud.simulated.models.only_bills)),
                ('bill_to', models.CharField(default='partner', max_length=20)),
                ('first_billed_at', models.DateTimeField(null=True)),
                ('changed_at', models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
            ],
            options={
                'verbose_name': 'simulated account',
            },
        ),
        migrations.CreateModel(
            name='SimFault',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('operation', models.CharField(max_length=30)),
                ('uid', models.CharField(blank=True, default='', max_length=20)),
                ('kind', models.CharField(choices=[('refuse', 'refuse with a code'), ('unavailable', 'do not answer, do nothing'), ('timeout_after', 'do it, then do not answer')], max_length=20)),
                ('code', models.CharField(blank=True, default='', max_length=60)),
                ('message', models.CharField(blank=True, default='', max_length=500)),
                ('remaining', models.PositiveSmallIntegerField(default=1)),
            ],
            options={
                'verbose_name': 'simulated fault',
            },
        ),
        migrations.CreateModel(
            name='SimLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reference', models.CharField(max_length=100, unique=True)),
                ('uid', models.CharField(blank=True, default='', max_length=20)),
                ('partner_uid', models.CharField(max_length=20)),
                ('progress', models.CharField(default='pending', max_length=20)),
                ('code', models.CharField(blank=True, default='', max_length=60)),
                ('message', models.CharField(blank=True, default='', max_length=500)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'verbose_name': 'simulated link',
            },
        ),
        migrations.CreateModel(
            name='SimBill',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('amount', models.DecimalField(decimal_places=6, max_digits=22)),
                ('due_at', models.DateTimeField(db_index=True)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='late_bills', to='simulated.simaccount')),
            ],
            options={
                'verbose_name': 'simulated late bill',
            },
        ),
        migrations.CreateModel(
            name='SimClock',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ahead', models.DurationField(default=datetime.timedelta)),
            ],
            options={
                'verbose_name': 'simulated clock',
                'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='simulated_clock_one')],
            },
        ),
        migrations.CreateModel(
            name='SimPlay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('hours', models.PositiveIntegerField()),
                ('played', models.PositiveIntegerField(default=0)),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('playing', 'Time passes'), ('done', 'Done'), ('cancelled', 'Cancelled'), ('failed', 'Failed')], default='waiting', max_length=20)),
                ('asked_by', models.CharField(max_length=254)),
                ('error', models.CharField(blank=True, default='', max_length=200)),
                ('cancel_requested', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('heartbeat_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
            ],
            options={
                'verbose_name': 'simulated stretch of time',
                'constraints': [models.UniqueConstraint(models.Value(1), condition=models.Q(('state__in', ('waiting', 'playing'))), name='simulated_play_one_at_a_time')],
            },
        ),
        migrations.CreateModel(
            name='SimInstance',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60)),
                ('kind', models.CharField(choices=[('payg', 'Pay-as-you-go'), ('subscription', 'Subscription')], max_length=20)),
                ('price', models.DecimalField(decimal_places=6, max_digits=18)),
                ('term_days', models.PositiveSmallIntegerField(null=True)),
                ('renews', models.BooleanField(default=False)),
                ('state', models.CharField(choices=[('running', 'Running'), ('stopped', 'Stopped'), ('released', 'Released'), ('expired', 'Expired')], default='running', max_length=20)),
                ('started_at', models.DateTimeField()),
                ('changed_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField(null=True)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='instances', to='simulated.simaccount')),
            ],
            options={
                'verbose_name': 'simulated instance',
                'constraints': [models.CheckConstraint(condition=models.Q(('price__gt', 0)), name='simulated_instance_price'), models.CheckConstraint(condition=models.Q(models.Q(('ends_at__isnull', True), ('kind', 'payg'), ('term_days__isnull', True)), models.Q(('ends_at__isnull', False), ('kind', 'subscription'), ('term_days__gt', 0)), _connector='OR'), name='simulated_instance_term')],
            },
        ),
    ]
