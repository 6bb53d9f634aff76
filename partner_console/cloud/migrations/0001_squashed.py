"""All of the app's tables at once, for a new database; one that has run the old steps keeps to them."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('cloud', '0001_initial'), ('cloud', '0002_set_permissions'), ('cloud', '0003_unlink'), ('cloud', '0004_refunds_and_taking_back'), ('cloud', '0005_stops_and_trusteeship')]

    initial = True

    dependencies = [
        ('access', '0001_squashed'),
    ]

    operations = [
        migrations.CreateModel(
            name='CloudCommand',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.CharField(max_length=20, verbose_name='UID')),
                ('operation', models.CharField(choices=[('set_quota', 'Set quota'), ('write_off', 'Write off'), ('refund', 'Refund'), ('set_warning', 'Set warning threshold'), ('freeze', 'Freeze PAYG'), ('thaw', 'Unfreeze PAYG'), ('set_purchase_control', 'Set purchase control'), ('set_policy', 'Set shutdown policy'), ('stop_payg', 'Stop PAYG for arrears'), ('resume_payg', 'Let PAYG run again'), ('set_trustee', 'Set financial trusteeship'), ('set_permissions', 'Set permissions'), ('unlink', 'Unlink the account')], max_length=30, verbose_name='operation')),
                ('topic', models.CharField(blank=True, default='', max_length=20)),
                ('payload', models.JSONField(default=dict)),
                ('state', models.CharField(choices=[('queued', 'Waiting to be sent'), ('in_flight', 'Sent, no answer yet'), ('confirmed', 'Confirmed by the cloud'), ('refused', 'Refused by the cloud'), ('unknown', 'Outcome unknown, being checked'), ('superseded', 'Overtaken by a newer change')], default='queued', max_length=20, verbose_name='state')),
                ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='attempts')),
                ('vendor_code', models.CharField(blank=True, default='', max_length=60, verbose_name='code')),
                ('vendor_message', models.CharField(blank=True, default='', max_length=500, verbose_name='message')),
                ('asked_by', models.CharField(max_length=254, verbose_name='asked by')),
                ('reason', models.TextField(blank=True, default='', verbose_name='reason')),
                ('operation_id', models.UUIDField(null=True, verbose_name='operation')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='asked at')),
                ('next_attempt_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('in_flight_since', models.DateTimeField(blank=True, null=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True, verbose_name='answered at')),
                ('undone_at', models.DateTimeField(blank=True, null=True, verbose_name='taken back at')),
                ('partner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='access.partner')),
            ],
            options={
                'verbose_name': 'cloud command',
                'verbose_name_plural': 'cloud commands',
                'ordering': ['-created_at', '-pk'],
                'indexes': [models.Index(fields=['uid', 'topic', 'id'], name='cloud_command_uid_topic'), models.Index(fields=['partner', 'created_at', 'id'], name='cloud_command_partner_at'), models.Index(condition=models.Q(('state__in', ['queued', 'in_flight', 'unknown'])), fields=['next_attempt_at', 'id'], name='cloud_command_open'), models.Index(condition=models.Q(('state__in', ['refused', 'unknown']), ('undone_at__isnull', True), ('operation__in', ['set_quota', 'write_off', 'refund'])), fields=['partner', 'finished_at', 'id'], name='cloud_command_to_undo')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'in_flight')), fields=('uid',), name='cloud_command_one_in_flight')],
            },
        ),
    ]
