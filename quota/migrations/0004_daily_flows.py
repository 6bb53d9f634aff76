
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('access', '0001_initial'),
        ('quota', '0003_many_quotas'),
    ]

    operations = [
        migrations.CreateModel(
            name='RollUp',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('mark', models.PositiveBigIntegerField(default=0)),
                ('seen', models.PositiveBigIntegerField(default=0)),
                ('seen_at', models.DateTimeField(blank=True, null=True)),
                ('filled_at', models.DateTimeField(blank=True, null=True)),
                ('used_on', models.DateField(blank=True, null=True)),
            ],
            options={
                'verbose_name': 'roll-up of the ledger',
                'verbose_name_plural': 'roll-ups of the ledger',
                'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='quota_rollup_one')],
            },
        ),
        migrations.CreateModel(
            name='DailyFlow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(verbose_name='day (UTC+8)')),
                ('quota', models.DecimalField(decimal_places=2, max_digits=26, verbose_name='change of the Quota Amount')),
                ('used', models.DecimalField(decimal_places=6, max_digits=26, verbose_name='used')),
                ('settled', models.DecimalField(decimal_places=6, max_digits=26, verbose_name='settled')),
                ('refunded', models.DecimalField(decimal_places=6, max_digits=26, verbose_name='refunded')),
                ('written_off', models.DecimalField(decimal_places=6, max_digits=26, verbose_name='written off')),
                ('synced', models.DecimalField(decimal_places=6, max_digits=26, verbose_name='synchronised from the cloud')),
                ('credit', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='quota.creditaccount')),
                ('partner', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='access.partner')),
            ],
            options={
                'verbose_name': 'daily flow',
                'verbose_name_plural': 'daily flows',
                'ordering': ['credit', 'day'],
                'indexes': [models.Index(fields=['partner', 'day', 'credit'], name='quota_daily_partner')],
                'constraints': [models.UniqueConstraint(fields=('credit', 'day'), name='quota_daily_once')],
            },
        ),
    ]
