from django.db import migrations, models


class Migration(migrations.Migration):
    """Ending a link is an order like the others."""

    dependencies = [("cloud", "0002_set_permissions")]

    operations = [
        migrations.AlterField(
            model_name="cloudcommand",
            name="operation",
            field=models.CharField(
                choices=[
                    ("set_quota", "Set quota"),
                    ("write_off", "Write off"),
                    ("set_warning", "Set warning threshold"),
                    ("freeze", "Freeze PAYG"),
                    ("thaw", "Unfreeze PAYG"),
                    ("set_purchase_control", "Set purchase control"),
                    ("set_policy", "Set shutdown policy"),
                    ("set_permissions", "Set permissions"),
                    ("unlink", "Unlink the account"),
                ],
                max_length=30,
                verbose_name="operation",
            ),
        ),
    ]
