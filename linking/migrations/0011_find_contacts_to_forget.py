"""The sweep that forgets contacts asks for invitations that ended without a link and still name somebody."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # built beside the work that goes on

    dependencies = [("linking", "0010_find_attempts_by_code")]

    operations = [
        AddIndexConcurrently(
            model_name="invitation",
            index=models.Index(
                fields=["closed_at", "id"],
                name="linking_forget_due",
                condition=models.Q(
                    ("state__in", ("declined", "expired", "withdrawn", "replaced", "failed")),
                    models.Q(("email", ""), _negated=True),
                ),
            ),
        ),
    ]
