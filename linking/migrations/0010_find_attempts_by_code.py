"""A failure code's page asks where it came up last, among all rounds at the cloud there ever were."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # built beside the work that goes on

    dependencies = [("linking", "0009_other_permissions")]

    operations = [
        AddIndexConcurrently(
            model_name="linkattempt",
            index=models.Index(
                fields=["code", "-ended_at", "-id"],
                name="linking_attempt_code",
                condition=models.Q(("code", ""), _negated=True),
            ),
        ),
    ]
