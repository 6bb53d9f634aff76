"""Many quotas at once: a batch and its rows."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0001_initial"),
        ("quota", "0002_alerts_and_mailing"),
        ("uids", "0003_index_for_contacts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="QuotaBatch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "language",
                    models.CharField(
                        choices=[("en", "English"), ("zh-hans", "简体中文"), ("ja", "日本語")],
                        default="en",
                        max_length=10,
                    ),
                ),
                ("n_rows", models.PositiveIntegerField(default=0)),
                ("counts", models.JSONField(blank=True, default=dict)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("cancel_requested", models.BooleanField(default=False)),
                ("error", models.TextField(blank=True, default="")),
                ("heartbeat_at", models.DateTimeField(blank=True, null=True)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("title", models.CharField(max_length=255, verbose_name="file or choice")),
                ("query", models.CharField(blank=True, default="", max_length=2000)),
                ("source", models.JSONField(blank=True, default=dict)),
                ("columns", models.JSONField(blank=True, default=dict)),
                ("digest", models.CharField(blank=True, default="", max_length=64)),
                ("reason", models.CharField(blank=True, default="", max_length=500, verbose_name="reason")),
                ("operation_id", models.UUIDField(default=uuid.uuid4, editable=False, verbose_name="operation")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("uploaded", "Waiting for the columns to be checked"),
                            ("checked", "Checked, waiting for you"),
                            ("awaiting", "Waits for a second person"),
                            ("queued", "Queued"),
                            ("running", "Running"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="uploaded",
                        max_length=20,
                        verbose_name="state",
                    ),
                ),
                ("checked_at", models.DateTimeField(blank=True, null=True, verbose_name="figures of the check as of")),
                (
                    "partner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="access.partner"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "batch of quotas",
                "verbose_name_plural": "batches of quotas",
                "ordering": ["-created_at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="QuotaBatchRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField(verbose_name="row")),
                ("typed_uid", models.CharField(blank=True, default="", max_length=80)),
                ("typed_amount", models.CharField(blank=True, default="", max_length=80)),
                (
                    "mode",
                    models.CharField(
                        choices=[("total", "New total"), ("change", "Add or subtract")],
                        default="total",
                        max_length=20,
                        verbose_name="amount is",
                    ),
                ),
                (
                    "problem",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("lost_digits", "The spreadsheet cut the UID"),
                            ("both", "It has a new total and an amount to add"),
                        ],
                        default="",
                        max_length=20,
                    ),
                ),
                ("uid", models.CharField(blank=True, default="", max_length=20, verbose_name="UID")),
                (
                    "before",
                    models.DecimalField(decimal_places=2, max_digits=22, null=True, verbose_name="total before"),
                ),
                ("after", models.DecimalField(decimal_places=2, max_digits=22, null=True, verbose_name="total after")),
                (
                    "available",
                    models.DecimalField(decimal_places=6, max_digits=24, null=True, verbose_name="available after"),
                ),
                ("is_arrears", models.BooleanField(default=False, verbose_name="goes below zero")),
                ("needs_check", models.BooleanField(default=False, verbose_name="needs a second person")),
                (
                    "verdict",
                    models.CharField(
                        choices=[
                            ("ok", "OK"),
                            ("warn", "OK, look at it"),
                            ("same", "Already so"),
                            ("refuse", "Refused"),
                        ],
                        max_length=20,
                        verbose_name="verdict",
                    ),
                ),
                ("reason", models.TextField(blank=True, default="", verbose_name="reason")),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("waiting", "Not done yet"),
                            ("done", "Done"),
                            ("failed", "Not done"),
                            ("again", "Taken up in a later check"),
                        ],
                        default="waiting",
                        max_length=20,
                        verbose_name="outcome",
                    ),
                ),
                (
                    "account",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="uids.linkedaccount",
                    ),
                ),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="rows", to="quota.quotabatch"
                    ),
                ),
            ],
            options={
                "verbose_name": "row of a batch of quotas",
                "verbose_name_plural": "rows of batches of quotas",
                "ordering": ["number"],
            },
        ),
        migrations.AddIndex(
            model_name="quotabatch",
            index=models.Index(fields=["partner", "-created_at"], name="quota_batch_newest"),
        ),
        migrations.AddIndex(
            model_name="quotabatch",
            index=models.Index(
                condition=models.Q(("digest", ""), _negated=True), fields=["partner", "digest"], name="quota_batch_same"
            ),
        ),
        migrations.AddIndex(
            model_name="quotabatch",
            index=models.Index(
                condition=models.Q(("state__in", ["queued", "running"])),
                fields=["state", "heartbeat_at"],
                name="quota_batch_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="quotabatch",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        ["uploaded", "checked", "awaiting", "queued", "running", "done", "failed", "cancelled"],
                    )
                ),
                name="quota_batch_state",
            ),
        ),
        migrations.AddIndex(
            model_name="quotabatchrow",
            index=models.Index(fields=["batch", "verdict", "number"], name="quota_batchrow_by_verdict"),
        ),
        migrations.AddIndex(
            model_name="quotabatchrow",
            index=models.Index(fields=["batch", "outcome", "number"], name="quota_batchrow_by_outcome"),
        ),
        migrations.AddConstraint(
            model_name="quotabatchrow",
            constraint=models.UniqueConstraint(fields=("batch", "number"), name="quota_batchrow_once"),
        ),
        migrations.AddConstraint(
            model_name="quotabatchrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("verdict__in", ["ok", "warn", "same", "refuse"])), name="quota_batchrow_verdict"
            ),
        ),
        migrations.AddConstraint(
            model_name="quotabatchrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("outcome__in", ["waiting", "done", "failed", "again"])),
                name="quota_batchrow_outcome",
            ),
        ),
        migrations.AddConstraint(
            model_name="quotabatchrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("mode__in", ["total", "change"])), name="quota_batchrow_mode"
            ),
        ),
        migrations.AddConstraint(
            model_name="quotabatchrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("verdict", "refuse"),
                    models.Q(
                        ("account__isnull", False),
                        ("after__isnull", False),
                        ("available__isnull", False),
                        ("before__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="quota_batchrow_whole",
            ),
        ),
    ]
