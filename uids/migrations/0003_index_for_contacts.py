"""A customer who signs in is shown the accounts of their address, out of a million."""

import django.db.models.functions.text
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # built beside the work that goes on

    dependencies = [("uids", "0002_indexes_for_counting")]

    operations = [
        AddIndexConcurrently(
            model_name="linkedaccount",
            index=models.Index(
                django.db.models.functions.text.Upper("email"),
                condition=models.Q(("email", ""), _negated=True),
                name="uids_contact",
            ),
        ),
    ]
