"""Hours in which nothing is planned to be taken away from customers."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="partner",
            name="quiet_from",
            field=models.TimeField(blank=True, null=True, verbose_name="quiet hours from"),
        ),
        migrations.AddField(
            model_name="partner",
            name="quiet_until",
            field=models.TimeField(blank=True, null=True, verbose_name="quiet hours until"),
        ),
        migrations.AddConstraint(
            model_name="partner",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("quiet_from__isnull", True), ("quiet_until__isnull", True)),
                    models.Q(
                        ("quiet_from__isnull", False),
                        ("quiet_until__isnull", False),
                        models.Q(("quiet_from", models.F("quiet_until")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="access_partner_quiet_hours",
            ),
        ),
    ]
