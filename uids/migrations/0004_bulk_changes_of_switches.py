"""Bulk changes of switches: they may wait for a second person, take sub-accounts along, and take each other back."""

import django.db.models.deletion
from django.db import migrations, models

STATES = [
    ("awaiting", "Waits for a second person"),
    ("queued", "Waiting"),
    ("running", "Running"),
    ("done", "Done"),
    ("failed", "Failed"),
    ("cancelled", "Cancelled"),
]


class Migration(migrations.Migration):
    dependencies = [("uids", "0003_index_for_contacts")]

    operations = [
        migrations.RemoveConstraint(model_name="bulkedit", name="uids_bulkedit_state"),
        migrations.AddField(
            model_name="bulkedit",
            name="n_sub_accounts",
            field=models.PositiveIntegerField(default=0, verbose_name="sub-accounts that follow"),
        ),
        migrations.AddField(
            model_name="bulkedit",
            name="undoes",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="undone_by",
                to="uids.bulkedit",
            ),
        ),
        migrations.AlterField(
            model_name="bulkedit",
            name="state",
            field=models.CharField(choices=STATES, default="queued", max_length=20, verbose_name="state"),
        ),
        migrations.AddConstraint(
            model_name="bulkedit",
            constraint=models.CheckConstraint(
                condition=models.Q(state__in=[value for value, _label in STATES]), name="uids_bulkedit_state"
            ),
        ),
    ]
