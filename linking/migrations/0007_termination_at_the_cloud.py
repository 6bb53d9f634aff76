import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """What the end of a relationship waits for: settlement, and the order to unlink."""

    dependencies = [
        ("cloud", "0003_unlink"),
        ("linking", "0006_templates_and_checklists"),
    ]

    operations = [
        migrations.AddField(
            model_name="termination",
            name="is_undo",
            field=models.BooleanField(default=False, verbose_name="undoes a wrong link"),
        ),
        migrations.AddField(
            model_name="termination",
            name="reminded_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="termination",
            name="checked_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="termination",
            name="unlink",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="cloud.cloudcommand",
                verbose_name="order to unlink",
            ),
        ),
        migrations.AddIndex(
            model_name="termination",
            index=models.Index(
                condition=models.Q(("state", "in_process")),
                fields=["checked_at"],
                name="linking_termination_settle",
            ),
        ),
    ]
