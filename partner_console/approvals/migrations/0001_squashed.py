"""All of the app's tables at once, for a new database; one that has run the old steps keeps to them."""

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('approvals', '0001_initial'), ('approvals', '0002_rules_and_blind_entry'), ('approvals', '0003_list_of_requests')]

    initial = True

    dependencies = [
        ('access', '0001_squashed'),
    ]

    operations = [
        migrations.CreateModel(
            name='Approval',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('action', models.CharField(max_length=60, verbose_name='action')),
                ('subject_type', models.CharField(max_length=60)),
                ('subject_pk', models.BigIntegerField()),
                ('subject_label', models.CharField(max_length=200, verbose_name='subject')),
                ('payload', models.JSONField(default=dict)),
                ('reason', models.TextField(blank=True, default='', verbose_name='reason')),
                ('because', models.JSONField(blank=True, default=dict)),
                ('blind_answer', models.CharField(blank=True, default='', max_length=200)),
                ('wrong_tries', models.JSONField(blank=True, default=dict)),
                ('state', models.CharField(choices=[('waiting', 'Waiting for a second person'), ('approved', 'Approved'), ('rejected', 'Rejected'), ('withdrawn', 'Withdrawn'), ('expired', 'Expired')], default='waiting', max_length=20, verbose_name='state')),
                ('asked_label', models.CharField(blank=True, default='', max_length=254)),
                ('involved', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), blank=True, default=list, size=None)),
                ('is_break_glass', models.BooleanField(default=False, verbose_name='decided alone')),
                ('note', models.TextField(blank=True, default='', verbose_name='note')),
                ('asked_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='asked at')),
                ('decided_at', models.DateTimeField(null=True)),
                ('expires_at', models.DateTimeField(null=True)),
                ('asked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='asked by')),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by')),
                ('partner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='access.partner')),
            ],
            options={
                'verbose_name': 'approval',
                'verbose_name_plural': 'approvals',
                'ordering': ['-asked_at', '-pk'],
                'indexes': [models.Index(fields=['partner', 'state', 'asked_at'], name='approvals_partner_state'), models.Index(fields=['partner', 'asked_at', 'id'], name='approvals_partner_asked'), models.Index(condition=models.Q(('state', 'waiting')), fields=['expires_at'], name='approvals_expiry_due'), models.Index(fields=['subject_type', 'subject_pk'], name='approvals_subject')],
                'constraints': [models.CheckConstraint(condition=models.Q(('is_break_glass', True), ('decided_by__isnull', True), models.Q(('decided_by', models.F('asked_by')), _negated=True), _connector='OR'), name='approvals_second_person_or_alone'), models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'approved', 'rejected', 'withdrawn', 'expired'])), name='approvals_state'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'approved'), _negated=True), models.Q(('decided_at__isnull', False), ('decided_by__isnull', False)), _connector='OR'), name='approvals_approved_by_somebody'), models.CheckConstraint(condition=models.Q(('is_break_glass', False), models.Q(('note', ''), _negated=True), _connector='OR'), name='approvals_alone_says_why'), models.UniqueConstraint(condition=models.Q(('state', 'waiting')), fields=('action', 'subject_type', 'subject_pk'), name='approvals_one_waiting')],
            },
        ),
        migrations.CreateModel(
            name='ApprovalRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('action', models.CharField(max_length=60, verbose_name='action')),
                ('when', models.CharField(choices=[('never', 'Never'), ('limits', 'When a limit is reached'), ('always', 'Always')], max_length=20, verbose_name='ask for a second person')),
                ('amount_from', models.DecimalField(blank=True, decimal_places=2, max_digits=14, null=True, validators=[django.core.validators.MinValueValidator(0)], verbose_name='from an amount of')),
                ('is_for_sensitive', models.BooleanField(default=False, verbose_name='when it allows more than usual')),
                ('is_for_sandbox', models.BooleanField(default=False, verbose_name='sandbox accounts too')),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('updated_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('partner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='access.partner')),
            ],
            options={
                'verbose_name': 'approval rule',
                'verbose_name_plural': 'approval rules',
                'ordering': ['action', 'pk'],
                'constraints': [models.UniqueConstraint(fields=('partner', 'action'), name='approvals_rule_once'), models.CheckConstraint(condition=models.Q(('when__in', ['never', 'limits', 'always'])), name='approvals_rule_when'), models.CheckConstraint(condition=models.Q(('amount_from__isnull', True), ('amount_from__gte', 0), _connector='OR'), name='approvals_rule_amount'), models.CheckConstraint(condition=models.Q(models.Q(('when', 'limits'), _negated=True), ('amount_from__isnull', False), ('is_for_sensitive', True), _connector='OR'), name='approvals_rule_limits')],
            },
        ),
    ]
