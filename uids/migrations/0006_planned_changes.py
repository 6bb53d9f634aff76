"""Planned changes of switches; the list in the order of release."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0002_quiet_hours"),
        ("uids", "0005_changes_that_can_be_undone"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ScheduledControl",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "what",
                    models.CharField(
                        choices=[
                            ("payg_freeze", "PAYG freeze"),
                            ("purchase_control", "Purchase control"),
                            ("shutdown_policy", "Shutdown policy"),
                        ],
                        max_length=20,
                        verbose_name="control",
                    ),
                ),
                ("before", models.CharField(blank=True, default="", max_length=20, verbose_name="before")),
                ("value", models.CharField(max_length=20, verbose_name="after")),
                ("starts_at", models.DateTimeField(verbose_name="begins")),
                ("ends_at", models.DateTimeField(blank=True, null=True, verbose_name="ends by itself")),
                ("due_at", models.DateTimeField(blank=True, null=True, verbose_name="next step")),
                ("reason", models.TextField(verbose_name="reason")),
                (
                    "notice_hours",
                    models.PositiveSmallIntegerField(
                        blank=True, null=True, verbose_name="customer told before (hours)"
                    ),
                ),
                (
                    "notice_email",
                    models.CharField(blank=True, default="", max_length=254, verbose_name="customer told at"),
                ),
                (
                    "notice_language",
                    models.CharField(
                        blank=True,
                        choices=[("en", "English"), ("zh-hans", "简体中文"), ("ja", "日本語")],
                        default="",
                        max_length=10,
                        verbose_name="language of the notice",
                    ),
                ),
                ("notice_at", models.DateTimeField(blank=True, null=True, verbose_name="notice goes out")),
                ("noticed_at", models.DateTimeField(blank=True, null=True, verbose_name="customer told")),
                ("noticed_of", models.DateTimeField(blank=True, null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("planned", "Planned"),
                            ("in_force", "In force until its end"),
                            ("done", "Done"),
                            ("ended", "Ended"),
                            ("cancelled", "Cancelled"),
                            ("failed", "Could not be done"),
                        ],
                        default="planned",
                        max_length=20,
                        verbose_name="state",
                    ),
                ),
                ("cause", models.TextField(blank=True, default="", verbose_name="cause")),
                ("operator", models.CharField(max_length=254, verbose_name="operator")),
                ("operation_id", models.UUIDField(verbose_name="operation")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                ("done_at", models.DateTimeField(blank=True, null=True, verbose_name="done at")),
                ("closed_at", models.DateTimeField(blank=True, null=True, verbose_name="closed at")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="planned at"),
                ),
            ],
            options={
                "verbose_name": "planned change",
                "verbose_name_plural": "planned changes",
                "ordering": ["-created_at", "-pk"],
            },
        ),
        migrations.AddIndex(
            model_name="linkedaccount",
            index=models.Index(
                condition=models.Q(("payg_stopped_at__isnull", False)),
                fields=["partner", "payg_stopped_at", "id"],
                name="uids_list_release",
            ),
        ),
        migrations.AddField(
            model_name="scheduledcontrol",
            name="account",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="scheduled_controls", to="uids.linkedaccount"
            ),
        ),
        migrations.AddField(
            model_name="scheduledcontrol",
            name="asked_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="by",
            ),
        ),
        migrations.AddField(
            model_name="scheduledcontrol",
            name="partner",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="access.partner"),
        ),
        migrations.AddIndex(
            model_name="scheduledcontrol",
            index=models.Index(
                condition=models.Q(("due_at__isnull", False)), fields=["due_at", "id"], name="uids_schedule_due"
            ),
        ),
        migrations.AddIndex(
            model_name="scheduledcontrol",
            index=models.Index(
                condition=models.Q(("notice_at__isnull", False), ("noticed_at__isnull", True), ("state", "planned")),
                fields=["notice_at", "id"],
                name="uids_schedule_notice",
            ),
        ),
        migrations.AddIndex(
            model_name="scheduledcontrol",
            index=models.Index(fields=["partner", "due_at", "id"], name="uids_schedule_partner"),
        ),
        migrations.AddIndex(
            model_name="scheduledcontrol",
            index=models.Index(fields=["account", "created_at", "id"], name="uids_schedule_account"),
        ),
        migrations.AddConstraint(
            model_name="scheduledcontrol",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ("planned", "in_force"))),
                fields=("account", "what"),
                name="uids_schedule_one_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="scheduledcontrol",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["planned", "in_force", "done", "ended", "cancelled", "failed"])),
                name="uids_schedule_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="scheduledcontrol",
            constraint=models.CheckConstraint(
                condition=models.Q(("what__in", ("payg_freeze", "purchase_control", "shutdown_policy"))),
                name="uids_schedule_what",
            ),
        ),
        migrations.AddConstraint(
            model_name="scheduledcontrol",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_at__isnull", True), ("ends_at__gt", models.F("starts_at")), _connector="OR"),
                name="uids_schedule_end",
            ),
        ),
        migrations.AddConstraint(
            model_name="scheduledcontrol",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("closed_at__isnull", True), ("due_at__isnull", False), ("state__in", ("planned", "in_force"))
                    ),
                    models.Q(
                        models.Q(("state__in", ("planned", "in_force")), _negated=True),
                        ("closed_at__isnull", False),
                        ("due_at__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="uids_schedule_step",
            ),
        ),
    ]
