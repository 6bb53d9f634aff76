"""What a change of policy did to the overdraft, which operation a change takes back, and the rows of an operation."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # the index is built beside the work that goes on

    dependencies = [("uids", "0004_bulk_changes_of_switches")]

    operations = [
        migrations.AddField(
            model_name="controlchange",
            name="overdraft_before",
            field=models.DecimalField(decimal_places=2, max_digits=20, null=True, verbose_name="overdraft before"),
        ),
        migrations.AddField(
            model_name="controlchange",
            name="overdraft_after",
            field=models.DecimalField(decimal_places=2, max_digits=20, null=True, verbose_name="overdraft after"),
        ),
        migrations.AddField(
            model_name="controlchange",
            name="undoes",
            field=models.UUIDField(null=True, verbose_name="operation taken back"),
        ),
        AddIndexConcurrently(
            model_name="controlchange",
            index=models.Index(fields=["operation_id", "account"], name="uids_control_operation"),
        ),
    ]
