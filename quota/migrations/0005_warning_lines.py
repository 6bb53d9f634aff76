"""Amounts and days left as warning lines beside the percent; rules for partners, labels and accounts."""

from __future__ import annotations

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0001_initial"),
        ("quota", "0004_daily_flows"),
        ("uids", "0003_index_for_contacts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="RuleRefresh",
            fields=[
                (
                    "partner",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="access.partner",
                    ),
                ),
                ("last_pk", models.BigIntegerField(default=0)),
                ("n_rows", models.PositiveIntegerField(default=0, verbose_name="accounts")),
                ("n_done", models.PositiveIntegerField(default=0, verbose_name="done")),
                ("n_changed", models.PositiveIntegerField(default=0, verbose_name="changed")),
                ("started_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("heartbeat_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name": "refresh of warning lines",
                "verbose_name_plural": "refreshes of warning lines",
            },
        ),
        migrations.CreateModel(
            name="WarningLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (1, "Percent of the quota"),
                            (2, "Amount"),
                            (4, "Days left"),
                            (8, "Customer's own alert"),
                        ],
                        verbose_name="kind",
                    ),
                ),
                ("value", models.DecimalField(decimal_places=2, max_digits=22, verbose_name="set to")),
                ("line", models.DecimalField(decimal_places=6, max_digits=26, verbose_name="warning line")),
                ("crossed_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="crossed at")),
                ("recovered_at", models.DateTimeField(blank=True, null=True, verbose_name="recovered at")),
            ],
            options={
                "verbose_name": "line of a warning",
                "verbose_name_plural": "lines of warnings",
                "ordering": ["kind", "pk"],
            },
        ),
        migrations.CreateModel(
            name="WarningRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.PositiveSmallIntegerField(
                        choices=[(1, "Percent of the quota"), (2, "Amount"), (4, "Days left")], verbose_name="kind"
                    ),
                ),
                (
                    "value",
                    models.DecimalField(blank=True, decimal_places=2, max_digits=22, null=True, verbose_name="set to"),
                ),
                ("updated_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                "verbose_name": "warning rule",
                "verbose_name_plural": "warning rules",
                "ordering": ["partner", "kind", "pk"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="warning",
            name="quota_warning_one_open",
        ),
        migrations.AddField(
            model_name="creditaccount",
            name="alarms",
            field=models.PositiveSmallIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name="creditaccount",
            name="customer_line",
            field=models.DecimalField(
                blank=True,
                decimal_places=2,
                max_digits=22,
                null=True,
                validators=[django.core.validators.MinValueValidator(0)],
                verbose_name="customer's own alert",
            ),
        ),
        migrations.AddField(
            model_name="creditaccount",
            name="daily_use",
            field=models.DecimalField(
                decimal_places=6, default=0, editable=False, max_digits=22, verbose_name="use a day"
            ),
        ),
        migrations.AddField(
            model_name="creditaccount",
            name="warning_days",
            field=models.PositiveSmallIntegerField(
                blank=True,
                null=True,
                validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(365)],
                verbose_name="warning line, days left",
            ),
        ),
        migrations.AddField(
            model_name="warning",
            name="acknowledged_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="warning",
            name="snoozed_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="creditaccount",
            name="warning_amount",
            field=models.DecimalField(
                blank=True,
                decimal_places=2,
                max_digits=22,
                null=True,
                validators=[django.core.validators.MinValueValidator(0)],
                verbose_name="warning line, amount",
            ),
        ),
        migrations.AddField(
            model_name="warning",
            name="acknowledged_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="acknowledged at"),
        ),
        migrations.AddField(
            model_name="warning",
            name="digested_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="warning",
            name="for_customer",
            field=models.BooleanField(default=False, verbose_name="customer's own alert"),
        ),
        migrations.AddField(
            model_name="warning",
            name="snooze_reason",
            field=models.TextField(blank=True, default="", verbose_name="reason"),
        ),
        migrations.AddField(
            model_name="warning",
            name="snoozed_until",
            field=models.DateTimeField(blank=True, null=True, verbose_name="snoozed until"),
        ),
        migrations.AddConstraint(
            model_name="creditaccount",
            constraint=models.CheckConstraint(
                condition=models.Q(("warning_amount__isnull", True), ("warning_amount__gte", 0), _connector="OR"),
                name="quota_credit_line_amount",
            ),
        ),
        migrations.AddConstraint(
            model_name="creditaccount",
            constraint=models.CheckConstraint(
                condition=models.Q(("warning_days__isnull", True), ("warning_days__range", (1, 365)), _connector="OR"),
                name="quota_credit_line_days",
            ),
        ),
        migrations.AddConstraint(
            model_name="creditaccount",
            constraint=models.CheckConstraint(
                condition=models.Q(("customer_line__isnull", True), ("customer_line__gte", 0), _connector="OR"),
                name="quota_credit_line_customer",
            ),
        ),
        migrations.AddConstraint(
            model_name="creditaccount",
            constraint=models.CheckConstraint(condition=models.Q(("daily_use__gte", 0)), name="quota_credit_daily_use"),
        ),
        migrations.AddConstraint(
            model_name="creditaccount",
            constraint=models.CheckConstraint(condition=models.Q(("alarms__lte", 15)), name="quota_credit_alarms"),
        ),
        migrations.AddIndex(
            model_name="rulerefresh",
            index=models.Index(
                condition=models.Q(("finished_at__isnull", True)), fields=["partner"], name="quota_refresh_open"
            ),
        ),
        migrations.AddField(
            model_name="warningline",
            name="credit",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="quota.creditaccount"
            ),
        ),
        migrations.AddField(
            model_name="warningline",
            name="partner",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="access.partner"
            ),
        ),
        migrations.AddField(
            model_name="warningline",
            name="warning",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="lines", to="quota.warning"
            ),
        ),
        migrations.AddField(
            model_name="warningrule",
            name="credit",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="warning_rules",
                to="quota.creditaccount",
            ),
        ),
        migrations.AddField(
            model_name="warningrule",
            name="label",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="warning_rules",
                to="uids.label",
                verbose_name="label",
            ),
        ),
        migrations.AddField(
            model_name="warningrule",
            name="partner",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="access.partner"),
        ),
        migrations.AddConstraint(
            model_name="warningline",
            constraint=models.UniqueConstraint(
                condition=models.Q(("recovered_at__isnull", True)),
                fields=("credit", "kind"),
                name="quota_line_once_per_crossing",
            ),
        ),
        migrations.AddConstraint(
            model_name="warningline",
            constraint=models.CheckConstraint(condition=models.Q(("kind__in", [1, 2, 4, 8])), name="quota_line_kind"),
        ),
        migrations.AddConstraint(
            model_name="warningrule",
            constraint=models.UniqueConstraint(
                condition=models.Q(("credit__isnull", True), ("label__isnull", True)),
                fields=("partner", "kind"),
                name="quota_rule_one_of_partner",
            ),
        ),
        migrations.AddConstraint(
            model_name="warningrule",
            constraint=models.UniqueConstraint(
                condition=models.Q(("label__isnull", False)), fields=("label", "kind"), name="quota_rule_one_of_label"
            ),
        ),
        migrations.AddConstraint(
            model_name="warningrule",
            constraint=models.UniqueConstraint(
                condition=models.Q(("credit__isnull", False)),
                fields=("credit", "kind"),
                name="quota_rule_one_of_account",
            ),
        ),
        migrations.AddConstraint(
            model_name="warningrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("label__isnull", True), ("credit__isnull", True), _connector="OR"),
                name="quota_rule_whose",
            ),
        ),
        migrations.AddConstraint(
            model_name="warningrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("kind", 1),
                        ("value__isnull", False),
                        ("value__range", (1, 100)),
                        models.Q(("label__isnull", False), ("credit__isnull", False), _connector="OR"),
                    ),
                    models.Q(("kind", 2), models.Q(("value__isnull", True), ("value__gte", 0), _connector="OR")),
                    models.Q(
                        ("kind", 4), models.Q(("value__isnull", True), ("value__range", (1, 365)), _connector="OR")
                    ),
                    _connector="OR",
                ),
                name="quota_rule_value",
            ),
        ),
    ]
