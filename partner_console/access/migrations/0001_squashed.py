"""All of the app's tables at once, for a new database; one that has run the old steps keeps to them."""

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('access', '0001_initial'), ('access', '0002_quiet_hours')]

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('email', models.EmailField(max_length=254, unique=True, verbose_name='e-mail')),
                ('name', models.CharField(blank=True, default='', max_length=120, verbose_name='name')),
                ('language', models.CharField(blank=True, choices=[('en', 'English'), ('zh-hans', '简体中文'), ('ja', '日本語')], default='', max_length=10, verbose_name='language')),
                ('time_zone', models.CharField(blank=True, default='', max_length=60, verbose_name='time zone')),
                ('is_staff', models.BooleanField(default=False, verbose_name='operator')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('is_demo', models.BooleanField(default=False, editable=False)),
                ('date_joined', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            options={
                'verbose_name': 'user',
                'verbose_name_plural': 'users',
                'ordering': ['email'],
                'constraints': [models.CheckConstraint(condition=models.Q(('email', django.db.models.functions.text.Lower('email'))), name='access_user_email_lower')],
            },
        ),
        migrations.CreateModel(
            name='Partner',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.SlugField(max_length=40, unique=True, verbose_name='code')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('kind', models.CharField(choices=[('agency', 'Agency'), ('reseller', 'Reseller'), ('distributor', 'Distributor')], max_length=20, verbose_name='kind')),
                ('master_uid', models.CharField(max_length=20, validators=[django.core.validators.RegexValidator('^[0-9]{1,20}$')], verbose_name='master UID')),
                ('currency', models.CharField(default='USD', max_length=3, verbose_name='currency')),
                ('time_zone', models.CharField(default='Asia/Shanghai', max_length=60, verbose_name='time zone')),
                ('language', models.CharField(choices=[('en', 'English'), ('zh-hans', '简体中文'), ('ja', '日本語')], default='en', max_length=10, verbose_name='language')),
                ('contract_countries', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=2), blank=True, default=list, size=None, verbose_name='contract countries')),
                ('domain', models.CharField(blank=True, default='', max_length=253, verbose_name='verified domain')),
                ('contact', models.CharField(blank=True, default='', max_length=200, verbose_name='contact for customers')),
                ('alert_recipients', django.contrib.postgres.fields.ArrayField(base_field=models.EmailField(max_length=254), blank=True, default=list, size=None, verbose_name='quota alert recipients')),
                ('warning_percent', models.PositiveSmallIntegerField(default=20, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(100)], verbose_name='default quota warning threshold (%)')),
                ('invitation_days', models.PositiveSmallIntegerField(default=15, validators=[django.core.validators.MinValueValidator(7), django.core.validators.MaxValueValidator(30)], verbose_name='invitations valid for (days)')),
                ('quiet_from', models.TimeField(blank=True, null=True, verbose_name='quiet hours from')),
                ('quiet_until', models.TimeField(blank=True, null=True, verbose_name='quiet hours until')),
                ('increase_is_red', models.BooleanField(default=True, verbose_name='show increases in red, as ACPN does')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='second_tier', to='access.partner', verbose_name='distributor')),
            ],
            options={
                'verbose_name': 'partner',
                'verbose_name_plural': 'partners',
                'ordering': ['name', 'pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['agency', 'reseller', 'distributor'])), name='access_partner_kind'), models.CheckConstraint(condition=models.Q(('warning_percent__range', (1, 100))), name='access_partner_warning_percent'), models.CheckConstraint(condition=models.Q(('invitation_days__range', (7, 30))), name='access_partner_invitation_days'), models.CheckConstraint(condition=models.Q(models.Q(('quiet_from__isnull', True), ('quiet_until__isnull', True)), models.Q(('quiet_from__isnull', False), ('quiet_until__isnull', False), models.Q(('quiet_from', models.F('quiet_until')), _negated=True)), _connector='OR'), name='access_partner_quiet_hours'), models.CheckConstraint(condition=models.Q(('parent__isnull', True), ('kind', 'reseller'), _connector='OR'), name='access_partner_second_tier')],
            },
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('owner', 'Owner'), ('manager', 'Business manager'), ('finance', 'Finance'), ('viewer', 'Viewer')], max_length=20, verbose_name='role')),
                ('ram_uid', models.CharField(blank=True, default='', max_length=20, validators=[django.core.validators.RegexValidator('^[0-9]{1,20}$')], verbose_name='RAM account UID')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('last_used_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to=settings.AUTH_USER_MODEL)),
                ('partner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to='access.partner')),
            ],
            options={
                'verbose_name': 'membership',
                'verbose_name_plural': 'memberships',
                'ordering': ['partner__name', 'pk'],
                'constraints': [models.UniqueConstraint(fields=('user', 'partner'), name='access_membership_once'), models.CheckConstraint(condition=models.Q(('role__in', ['owner', 'manager', 'finance', 'viewer'])), name='access_membership_role')],
            },
        ),
        migrations.CreateModel(
            name='MemberInvitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('email', models.EmailField(max_length=254, verbose_name='e-mail')),
                ('role', models.CharField(choices=[('owner', 'Owner'), ('manager', 'Business manager'), ('finance', 'Finance'), ('viewer', 'Viewer')], max_length=20, verbose_name='role')),
                ('ram_uid', models.CharField(blank=True, default='', max_length=20, validators=[django.core.validators.RegexValidator('^[0-9]{1,20}$')], verbose_name='RAM account UID')),
                ('token_hash', models.CharField(editable=False, max_length=64, unique=True)),
                ('expires_at', models.DateTimeField()),
                ('accepted_at', models.DateTimeField(blank=True, null=True)),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('invited_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('partner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='member_invitations', to='access.partner')),
            ],
            options={
                'verbose_name': 'member invitation',
                'verbose_name_plural': 'member invitations',
                'ordering': ['-created_at', '-pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('accepted_at__isnull', True), ('withdrawn_at__isnull', True)), fields=('partner', 'email'), name='access_memberinvitation_open_once')],
            },
        ),
    ]
