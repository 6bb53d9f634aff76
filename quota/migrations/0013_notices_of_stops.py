"""What the partner is to be told of a stop by arrears, once each."""

from __future__ import annotations

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0001_initial"),
        ("quota", "0012_bring_stops_along"),
    ]

    operations = [
        migrations.CreateModel(
            name="ShutdownNotice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("stopped", "Stopped by arrears"),
                            ("resumed", "Runs again"),
                            ("release_7", "Release in 7 days"),
                            ("release_3", "Release in 3 days"),
                            ("release_1", "Release in 1 day"),
                            ("released", "Released"),
                        ],
                        max_length=20,
                        verbose_name="notice",
                    ),
                ),
                ("stopped_at", models.DateTimeField(verbose_name="PAYG stopped by arrears at")),
                (
                    "available",
                    models.DecimalField(decimal_places=6, max_digits=24, verbose_name="Available Quota"),
                ),
                ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="noticed at")),
                ("mailed_at", models.DateTimeField(blank=True, null=True, verbose_name="mailed at")),
                ("is_moot", models.BooleanField(default=False, verbose_name="no longer true")),
                (
                    "credit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="quota.creditaccount"
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="access.partner"
                    ),
                ),
            ],
            options={
                "verbose_name": "notice of a stop",
                "verbose_name_plural": "notices of stops",
                "ordering": ["-at", "-pk"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("mailed_at__isnull", True)),
                        fields=["partner", "id"],
                        name="quota_stop_to_tell",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("credit", "kind", "stopped_at"), name="quota_stop_told_once")
                ],
            },
        ),
    ]
