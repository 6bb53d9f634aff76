"""A secret address for each member's calendar of releases."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0002_quiet_hours"),
        ("quota", "0013_notices_of_stops"),
    ]

    operations = [
        migrations.CreateModel(
            name="ReleaseFeed",
            fields=[
                (
                    "membership",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="release_feed",
                        serialize=False,
                        to="access.membership",
                    ),
                ),
                ("token_hash", models.CharField(editable=False, max_length=64, unique=True)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="made at"),
                ),
            ],
            options={
                "verbose_name": "calendar of releases",
                "verbose_name_plural": "calendars of releases",
            },
        ),
    ]
