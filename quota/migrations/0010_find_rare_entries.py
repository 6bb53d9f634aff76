from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ("quota", "0009_find_warnings"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="ledgerentry",
            index=models.Index(
                condition=models.Q(("kind__in", ["usage", "settle"]), _negated=True),
                fields=["credit", "at", "id"],
                name="quota_ledger_rare",
            ),
        ),
    ]
