import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0001_initial"),
        ("linking", "0003_invited_without_uid"),
        ("post_office", "0014_alter_email_recipient_delivery_status_and_more"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BatchRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField(verbose_name="row")),
                ("cells", models.JSONField(blank=True, default=list)),
                (
                    "lost_digits",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.PositiveSmallIntegerField(), blank=True, default=list, size=None
                    ),
                ),
                ("uid", models.CharField(blank=True, default="", max_length=20, verbose_name="UID")),
                ("typed", models.CharField(blank=True, default="", max_length=80)),
                ("company", models.CharField(blank=True, default="", max_length=150, verbose_name="company")),
                ("email", models.CharField(blank=True, default="", max_length=254, verbose_name="e-mail")),
                (
                    "verdict",
                    models.CharField(
                        blank=True,
                        choices=[("ok", "OK"), ("warn", "OK, look at it"), ("refuse", "Refused")],
                        default="",
                        max_length=20,
                        verbose_name="verdict",
                    ),
                ),
                ("reason", models.TextField(blank=True, default="", verbose_name="reason")),
                ("fix", models.TextField(blank=True, default="", verbose_name="what to do")),
                ("note", models.TextField(blank=True, default="", verbose_name="note")),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("waiting", "Not done yet"),
                            ("done", "Done"),
                            ("check", "Waits for a second person"),
                            ("failed", "Not done"),
                        ],
                        default="waiting",
                        max_length=20,
                        verbose_name="outcome",
                    ),
                ),
            ],
            options={
                "verbose_name": "row of a batch",
                "verbose_name_plural": "rows of batches",
                "ordering": ["number"],
            },
        ),
        migrations.CreateModel(
            name="LinkBatch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("invite", "Invite customers"),
                            ("remind", "Remind"),
                            ("withdraw", "Withdraw"),
                            ("reinvite", "Invite anew"),
                        ],
                        max_length=20,
                        verbose_name="what",
                    ),
                ),
                ("title", models.CharField(max_length=255, verbose_name="file or choice")),
                ("query", models.CharField(blank=True, default="", max_length=2000)),
                (
                    "language",
                    models.CharField(
                        choices=[("en", "English"), ("zh-hans", "简体中文"), ("ja", "日本語")],
                        default="en",
                        max_length=10,
                    ),
                ),
                ("headers", models.JSONField(blank=True, default=list)),
                ("columns", models.JSONField(blank=True, default=dict)),
                ("is_text", models.BooleanField(default=False)),
                ("defaults", models.JSONField(blank=True, default=dict)),
                ("reason", models.CharField(blank=True, default="", max_length=500, verbose_name="reason")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("uploaded", "Waiting for the columns to be checked"),
                            ("check_queued", "Waiting to be checked"),
                            ("checking", "Checking rows"),
                            ("checked", "Checked, waiting for you"),
                            ("queued", "Queued"),
                            ("running", "Running"),
                            ("paced", "Sending, a few mails at a time"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="uploaded",
                        max_length=20,
                        verbose_name="state",
                    ),
                ),
                ("n_rows", models.PositiveIntegerField(default=0)),
                ("counts", models.JSONField(blank=True, default=dict)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("interruptions", models.PositiveSmallIntegerField(default=0)),
                ("cancel_requested", models.BooleanField(default=False)),
                ("error", models.TextField(blank=True, default="")),
                ("next_at", models.DateTimeField(blank=True, null=True)),
                ("heartbeat_at", models.DateTimeField(blank=True, null=True)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                "verbose_name": "batch of links",
                "verbose_name_plural": "batches of links",
                "ordering": ["-created_at", "-pk"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="invitationtoken",
            name="linking_token_one_current",
        ),
        migrations.AddField(
            model_name="invitationtoken",
            name="is_reminder",
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.AddIndex(
            model_name="invitationmail",
            index=models.Index(fields=["at"], name="linking_mail_at"),
        ),
        migrations.AddConstraint(
            model_name="invitationtoken",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_reminder", False), ("retired_at__isnull", True)),
                fields=("invitation",),
                name="linking_token_one_current",
            ),
        ),
        migrations.AddField(
            model_name="batchrow",
            name="invitation",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="batch_rows",
                to="linking.invitation",
            ),
        ),
        migrations.AddField(
            model_name="linkbatch",
            name="partner",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="access.partner"),
        ),
        migrations.AddField(
            model_name="linkbatch",
            name="user",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="batchrow",
            name="batch",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="rows", to="linking.linkbatch"
            ),
        ),
        migrations.AddIndex(
            model_name="linkbatch",
            index=models.Index(fields=["partner", "-created_at"], name="linking_batch_newest"),
        ),
        migrations.AddIndex(
            model_name="linkbatch",
            index=models.Index(
                condition=models.Q(("state__in", ("done", "failed", "cancelled")), _negated=True),
                fields=["state", "heartbeat_at"],
                name="linking_batch_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="linkbatch",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["invite", "remind", "withdraw", "reinvite"])),
                name="linking_batch_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="linkbatch",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        [
                            "uploaded",
                            "check_queued",
                            "checking",
                            "checked",
                            "queued",
                            "running",
                            "paced",
                            "done",
                            "failed",
                            "cancelled",
                        ],
                    )
                ),
                name="linking_batch_state",
            ),
        ),
        migrations.AddIndex(
            model_name="batchrow",
            index=models.Index(fields=["batch", "uid"], name="linking_batchrow_uid"),
        ),
        migrations.AddIndex(
            model_name="batchrow",
            index=models.Index(fields=["batch", "verdict", "number"], name="linking_batchrow_by_verdict"),
        ),
        migrations.AddIndex(
            model_name="batchrow",
            index=models.Index(fields=["batch", "outcome", "number"], name="linking_batchrow_by_outcome"),
        ),
        migrations.AddConstraint(
            model_name="batchrow",
            constraint=models.UniqueConstraint(fields=("batch", "number"), name="linking_batchrow_once"),
        ),
        migrations.AddConstraint(
            model_name="batchrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("verdict__in", ["", "ok", "warn", "refuse"])), name="linking_batchrow_verdict"
            ),
        ),
        migrations.AddConstraint(
            model_name="batchrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("outcome__in", ["waiting", "done", "check", "failed"])),
                name="linking_batchrow_outcome",
            ),
        ),
    ]
