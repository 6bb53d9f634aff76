"""All of the app's tables at once, for a new database; one that has run the old steps keeps to them."""

import django.contrib.postgres.indexes
import django.contrib.postgres.operations
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
import pgtrigger.compiler
import pgtrigger.migrations
import uids.models.search
import uids.models.validators
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('uids', '0001_initial'), ('uids', '0002_indexes_for_counting'), ('uids', '0003_index_for_contacts'), ('uids', '0004_bulk_changes_of_switches'), ('uids', '0005_changes_that_can_be_undone'), ('uids', '0006_planned_changes')]

    initial = True

    dependencies = [
        ('access', '0001_squashed'),
    ]

    operations = [
        django.contrib.postgres.operations.TrigramExtension(
        ),
        django.contrib.postgres.operations.BtreeGinExtension(
        ),
        migrations.CreateModel(
            name='Label',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=40, verbose_name='label')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('partner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='labels', to='access.partner')),
            ],
            options={
                'verbose_name': 'label',
                'verbose_name_plural': 'labels',
                'ordering': ['name', 'pk'],
                'constraints': [models.UniqueConstraint(models.F('partner'), django.db.models.functions.text.Lower('name'), name='uids_label_once')],
            },
        ),
        migrations.CreateModel(
            name='LinkedAccount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.CharField(max_length=20, validators=[django.core.validators.RegexValidator('^[0-9]{1,20}$')], verbose_name='UID')),
                ('cid', models.CharField(blank=True, default='', max_length=20, verbose_name='CID')),
                ('login_name', models.CharField(blank=True, default='', max_length=200, verbose_name='login name')),
                ('account_type', models.PositiveSmallIntegerField(choices=[(1, 'Agency end user'), (2, 'Reseller end user'), (3, 'Enterprise customer'), (4, 'T2 agency'), (5, 'T2 reseller'), (6, 'T2 agency and reseller')], verbose_name='account type')),
                ('nickname', models.CharField(blank=True, default='', max_length=150, validators=[uids.models.validators.MaxBytesValidator(150)], verbose_name='nickname')),
                ('business_manager', models.CharField(blank=True, default='', max_length=50, verbose_name='business manager')),
                ('remarks', models.CharField(blank=True, default='', max_length=3000, validators=[uids.models.validators.MaxBytesValidator(3000)], verbose_name='remarks')),
                ('email', models.CharField(blank=True, default='', max_length=254, verbose_name='e-mail')),
                ('mobile', models.CharField(blank=True, default='', max_length=40, verbose_name='mobile')),
                ('country', models.CharField(blank=True, default='', max_length=2, verbose_name='country')),
                ('is_enterprise', models.BooleanField(blank=True, null=True, verbose_name='enterprise')),
                ('is_certified', models.BooleanField(blank=True, null=True, verbose_name='certified')),
                ('linked_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='associated time')),
                ('environment', models.CharField(choices=[('production', 'Production'), ('sandbox', 'Sandbox')], default='production', max_length=20, verbose_name='environment')),
                ('relationship', models.CharField(choices=[('normal', 'Normal'), ('to_be_confirmed', 'To Be Confirmed'), ('in_process', 'In Process'), ('terminated', 'Terminated'), ('deleted', 'Deleted')], default='normal', max_length=20, verbose_name='account status')),
                ('payg_frozen', models.BooleanField(default=False, verbose_name='PAYG frozen by the partner')),
                ('payg_stopped_at', models.DateTimeField(blank=True, null=True, verbose_name='PAYG stopped by arrears at')),
                ('payg_released_at', models.DateTimeField(blank=True, null=True, verbose_name='PAYG released at')),
                ('purchase_control', models.CharField(choices=[('normal', 'Normal'), ('ban', 'Disabled')], default='normal', max_length=20, verbose_name='purchase control')),
                ('shutdown_policy', models.CharField(choices=[('immediatelyStop', 'Immediate shutdown'), ('delayStop', 'Delayed shutdown'), ('noStop', 'No shutdown')], default='immediatelyStop', max_length=20, verbose_name='shutdown policy')),
                ('overdraft', models.DecimalField(decimal_places=2, default=0, max_digits=20, validators=[django.core.validators.MinValueValidator(0)], verbose_name='overdraft')),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('search', models.GeneratedField(db_persist=True, expression=django.db.models.functions.text.Concat(django.db.models.functions.text.Lower(uids.models.search.Normalize(django.db.models.functions.text.Concat(models.F('uid'), models.Value(' '), models.F('nickname'), models.Value(' '), models.F('login_name'), models.Value(' '), models.F('email'), models.Value(' ')))), uids.models.search.Replace(uids.models.search.Replace(uids.models.search.Normalize(models.F('nickname')), '[^\\u3040-\\u30ff\\u3400-\\u9fff\\uf900-\\ufaff\\uac00-\\ud7af]+', ' '), '(\\S\\S?)', '\\1 '), uids.models.search.Replace(uids.models.search.Replace(uids.models.search.Replace(uids.models.search.Normalize(models.F('nickname')), '[^\\u3040-\\u30ff\\u3400-\\u9fff\\uf900-\\ufaff\\uac00-\\ud7af]+', ' '), '(^|\\s)\\S', '\\1'), '(\\S\\S?)', '\\1 ')), output_field=models.TextField())),
                ('labels', models.ManyToManyField(blank=True, related_name='accounts', to='uids.label', verbose_name='labels')),
                ('partner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='accounts', to='access.partner', verbose_name='partner')),
                ('trustee', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='sub_accounts', to='uids.linkedaccount', verbose_name='financial trusteeship master')),
            ],
            options={
                'verbose_name': 'linked account',
                'verbose_name_plural': 'linked accounts',
                'ordering': ['-linked_at', '-pk'],
                'indexes': [models.Index(fields=['partner', 'linked_at', 'id'], name='uids_list_linked_at'), models.Index(fields=['partner', 'uid', 'id'], name='uids_list_uid'), models.Index(fields=['partner', 'nickname', 'id'], name='uids_list_nickname'), models.Index(fields=['partner', 'business_manager', 'id'], name='uids_list_manager'), models.Index(condition=models.Q(('payg_frozen', True)), fields=['partner', 'id'], name='uids_list_frozen'), models.Index(condition=models.Q(('payg_stopped_at__isnull', False)), fields=['partner', 'id'], name='uids_list_stopped'), models.Index(condition=models.Q(('payg_stopped_at__isnull', False)), fields=['partner', 'payg_stopped_at', 'id'], name='uids_list_release'), models.Index(condition=models.Q(('purchase_control', 'ban')), fields=['partner', 'id'], name='uids_list_banned'), models.Index(condition=models.Q(('shutdown_policy', 'noStop')), fields=['partner', 'id'], name='uids_list_nostop'), models.Index(fields=['partner', 'country', 'relationship', 'environment', 'account_type'], name='uids_list_counted'), models.Index(condition=models.Q(('trustee__isnull', False)), fields=['partner', 'trustee', 'id'], name='uids_list_subs'), django.contrib.postgres.indexes.GinIndex(models.F('partner'), django.contrib.postgres.indexes.OpClass(models.F('search'), 'gin_trgm_ops'), name='uids_search'), models.Index(django.db.models.functions.text.Upper('email'), condition=models.Q(('email', ''), _negated=True), name='uids_contact')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('relationship__in', ('normal', 'to_be_confirmed', 'in_process'))), fields=('uid',), name='uids_account_one_live_link'), models.CheckConstraint(condition=models.Q(('uid__regex', '^[0-9]{1,20}$')), name='uids_account_uid_digits'), models.CheckConstraint(condition=models.Q(('relationship__in', ['normal', 'to_be_confirmed', 'in_process', 'terminated', 'deleted'])), name='uids_account_relationship'), models.CheckConstraint(condition=models.Q(('purchase_control__in', ['normal', 'ban'])), name='uids_account_purchase'), models.CheckConstraint(condition=models.Q(('shutdown_policy__in', ['immediatelyStop', 'delayStop', 'noStop'])), name='uids_account_policy'), models.CheckConstraint(condition=models.Q(('overdraft__gte', 0)), name='uids_account_overdraft'), models.CheckConstraint(condition=models.Q(('trustee', models.F('id')), _negated=True), name='uids_account_not_own_trustee')],
            },
        ),
        migrations.CreateModel(
            name='ControlChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('what', models.CharField(choices=[('payg_freeze', 'PAYG freeze'), ('payg_shutdown', 'PAYG shutdown'), ('purchase_control', 'Purchase control'), ('shutdown_policy', 'Shutdown policy')], max_length=20, verbose_name='control')),
                ('before', models.CharField(max_length=20, verbose_name='before')),
                ('after', models.CharField(max_length=20, verbose_name='after')),
                ('reason', models.TextField(blank=True, default='', verbose_name='reason')),
                ('method', models.CharField(choices=[('console', 'Console'), ('api', 'API'), ('customer', 'Customer'), ('system', 'System')], max_length=20, verbose_name='operation method')),
                ('operator', models.CharField(max_length=254, verbose_name='operator')),
                ('operator_uid', models.CharField(blank=True, default='', max_length=20, verbose_name='operator UID')),
                ('overdraft_before', models.DecimalField(decimal_places=2, max_digits=20, null=True, verbose_name='overdraft before')),
                ('overdraft_after', models.DecimalField(decimal_places=2, max_digits=20, null=True, verbose_name='overdraft after')),
                ('operation_id', models.UUIDField(verbose_name='operation')),
                ('undoes', models.UUIDField(null=True, verbose_name='operation taken back')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='operation time')),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='control_changes', to='uids.linkedaccount')),
                ('cause', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='uids.linkedaccount', verbose_name='cause account')),
            ],
            options={
                'verbose_name': 'control change',
                'verbose_name_plural': 'control changes',
                'ordering': ['-at', '-pk'],
                'abstract': False,
                'indexes': [models.Index(fields=['account', 'at', 'id'], name='uids_control_account_at'), models.Index(fields=['operation_id', 'account'], name='uids_control_operation')],
            },
        ),
        migrations.CreateModel(
            name='SavedView',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, verbose_name='name')),
                ('query', models.CharField(blank=True, default='', max_length=2000)),
                ('is_shared', models.BooleanField(default=False, verbose_name='shared with everyone in the partner')),
                ('is_default', models.BooleanField(default=False, verbose_name='open the list with this view')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('partner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='saved_views', to='access.partner')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='saved_views', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'saved view',
                'verbose_name_plural': 'saved views',
                'ordering': ['name', 'pk'],
                'constraints': [models.UniqueConstraint(fields=('partner', 'user', 'name'), name='uids_savedview_once'), models.UniqueConstraint(condition=models.Q(('is_default', True)), fields=('partner', 'user'), name='uids_savedview_one_default')],
            },
        ),
        migrations.CreateModel(
            name='ScheduledControl',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('what', models.CharField(choices=[('payg_freeze', 'PAYG freeze'), ('purchase_control', 'Purchase control'), ('shutdown_policy', 'Shutdown policy')], max_length=20, verbose_name='control')),
                ('before', models.CharField(blank=True, default='', max_length=20, verbose_name='before')),
                ('value', models.CharField(max_length=20, verbose_name='after')),
                ('starts_at', models.DateTimeField(verbose_name='begins')),
                ('ends_at', models.DateTimeField(blank=True, null=True, verbose_name='ends by itself')),
                ('due_at', models.DateTimeField(blank=True, null=True, verbose_name='next step')),
                ('reason', models.TextField(verbose_name='reason')),
                ('notice_hours', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='customer told before (hours)')),
                ('notice_email', models.CharField(blank=True, default='', max_length=254, verbose_name='customer told at')),
                ('notice_language', models.CharField(blank=True, choices=[('en', 'English'), ('zh-hans', '简体中文'), ('ja', '日本語')], default='', max_length=10, verbose_name='language of the notice')),
                ('notice_at', models.DateTimeField(blank=True, null=True, verbose_name='notice goes out')),
                ('noticed_at', models.DateTimeField(blank=True, null=True, verbose_name='customer told')),
                ('noticed_of', models.DateTimeField(blank=True, null=True)),
                ('state', models.CharField(choices=[('planned', 'Planned'), ('in_force', 'In force until its end'), ('done', 'Done'), ('ended', 'Ended'), ('cancelled', 'Cancelled'), ('failed', 'Could not be done')], default='planned', max_length=20, verbose_name='state')),
                ('cause', models.TextField(blank=True, default='', verbose_name='cause')),
                ('operator', models.CharField(max_length=254, verbose_name='operator')),
                ('operation_id', models.UUIDField(verbose_name='operation')),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('done_at', models.DateTimeField(blank=True, null=True, verbose_name='done at')),
                ('closed_at', models.DateTimeField(blank=True, null=True, verbose_name='closed at')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='planned at')),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='scheduled_controls', to='uids.linkedaccount')),
                ('asked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by')),
                ('partner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='access.partner')),
            ],
            options={
                'verbose_name': 'planned change',
                'verbose_name_plural': 'planned changes',
                'ordering': ['-created_at', '-pk'],
                'indexes': [models.Index(condition=models.Q(('due_at__isnull', False)), fields=['due_at', 'id'], name='uids_schedule_due'), models.Index(condition=models.Q(('notice_at__isnull', False), ('noticed_at__isnull', True), ('state', 'planned')), fields=['notice_at', 'id'], name='uids_schedule_notice'), models.Index(fields=['partner', 'due_at', 'id'], name='uids_schedule_partner'), models.Index(fields=['account', 'created_at', 'id'], name='uids_schedule_account')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state__in', ('planned', 'in_force'))), fields=('account', 'what'), name='uids_schedule_one_open'), models.CheckConstraint(condition=models.Q(('state__in', ['planned', 'in_force', 'done', 'ended', 'cancelled', 'failed'])), name='uids_schedule_state'), models.CheckConstraint(condition=models.Q(('what__in', ('payg_freeze', 'purchase_control', 'shutdown_policy'))), name='uids_schedule_what'), models.CheckConstraint(condition=models.Q(('ends_at__isnull', True), ('ends_at__gt', models.F('starts_at')), _connector='OR'), name='uids_schedule_end'), models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', True), ('due_at__isnull', False), ('state__in', ('planned', 'in_force'))), models.Q(models.Q(('state__in', ('planned', 'in_force')), _negated=True), ('closed_at__isnull', False), ('due_at__isnull', True)), _connector='OR'), name='uids_schedule_step')],
            },
        ),
        migrations.CreateModel(
            name='BulkEdit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('change', models.JSONField(default=dict, verbose_name='change')),
                ('filters', models.JSONField(default=dict)),
                ('pks', models.JSONField(blank=True, null=True)),
                ('query', models.CharField(blank=True, default='', max_length=2000)),
                ('operation_id', models.UUIDField(verbose_name='operation')),
                ('state', models.CharField(choices=[('awaiting', 'Waits for a second person'), ('queued', 'Waiting'), ('running', 'Running'), ('done', 'Done'), ('failed', 'Failed'), ('cancelled', 'Cancelled')], default='queued', max_length=20, verbose_name='state')),
                ('n_rows', models.PositiveIntegerField(default=0, verbose_name='rows')),
                ('n_changed', models.PositiveIntegerField(default=0, verbose_name='changed')),
                ('n_same', models.PositiveIntegerField(default=0, verbose_name='already so')),
                ('n_refused', models.PositiveIntegerField(default=0, verbose_name='not changed')),
                ('n_sub_accounts', models.PositiveIntegerField(default=0, verbose_name='sub-accounts that follow')),
                ('refusals', models.JSONField(default=list)),
                ('last_pk', models.BigIntegerField(default=0)),
                ('error', models.TextField(blank=True, default='')),
                ('cancel_requested', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('heartbeat_at', models.DateTimeField(blank=True, null=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('membership', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='access.membership')),
                ('partner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='access.partner')),
                ('undoes', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='undone_by', to='uids.bulkedit')),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'bulk edit',
                'verbose_name_plural': 'bulk edits',
                'ordering': ['-created_at', '-pk'],
                'indexes': [models.Index(condition=models.Q(('state__in', ['queued', 'running'])), fields=['id'], name='uids_bulkedit_open')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['awaiting', 'queued', 'running', 'done', 'failed', 'cancelled'])), name='uids_bulkedit_state')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='controlchange',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='9050f61e3d822db37fed12f80890d762199a7ede', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_abeaa', table='uids_controlchange', when='BEFORE')),
        ),
    ]
