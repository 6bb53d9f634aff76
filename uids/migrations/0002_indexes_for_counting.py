"""Two indexes of the list: filters are counted in one, sub-accounts found by their masters in the other."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # built beside the work that goes on

    dependencies = [("uids", "0001_initial")]

    operations = [
        AddIndexConcurrently(
            model_name="linkedaccount",
            index=models.Index(
                fields=["partner", "country", "relationship", "environment", "account_type"], name="uids_list_counted"
            ),
        ),
        AddIndexConcurrently(
            model_name="linkedaccount",
            index=models.Index(
                condition=models.Q(("trustee__isnull", False)),
                fields=["partner", "trustee", "id"],
                name="uids_list_subs",
            ),
        ),
    ]
