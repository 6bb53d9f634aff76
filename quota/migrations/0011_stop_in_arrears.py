"""What PAYG stops below, whether it is stopped, and `stop_due` computed by the database: one rewrite of the table.

Most accounts have the policy whose line is 0; the next migration sets the others'.
"""

from __future__ import annotations

import django.db.models.expressions
import django.db.models.lookups
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("quota", "0010_find_rare_entries"),
    ]

    operations = [
        migrations.AddField(
            model_name="creditaccount",
            name="is_stopped",
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.AddField(
            model_name="creditaccount",
            name="stop_line",
            field=models.DecimalField(decimal_places=2, default=0, editable=False, max_digits=22, null=True),
        ),
        migrations.AddField(
            model_name="creditaccount",
            name="stop_due",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Case(
                    models.When(
                        models.Q(
                            ("is_stopped", False),
                            django.db.models.lookups.LessThan(
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("amount"), "-", models.F("deducted")
                                    ),
                                    "-",
                                    models.F("undeducted"),
                                ),
                                models.F("stop_line"),
                            ),
                        ),
                        then=models.Value(value=True),
                    ),
                    models.When(
                        models.Q(
                            ("is_stopped", True),
                            models.Q(
                                django.db.models.lookups.GreaterThanOrEqual(
                                    django.db.models.expressions.CombinedExpression(
                                        django.db.models.expressions.CombinedExpression(
                                            models.F("amount"), "-", models.F("deducted")
                                        ),
                                        "-",
                                        models.F("undeducted"),
                                    ),
                                    models.Value(0),
                                ),
                                ("stop_line__isnull", True),
                                _connector="OR",
                            ),
                        ),
                        then=models.Value(value=True),
                    ),
                    default=models.Value(value=False),
                    output_field=models.BooleanField(),
                ),
                output_field=models.BooleanField(),
            ),
        ),
        migrations.AddConstraint(
            model_name="creditaccount",
            constraint=models.CheckConstraint(
                condition=models.Q(("stop_line__isnull", True), ("stop_line__lte", 0), _connector="OR"),
                name="quota_credit_stop_line",
            ),
        ),
        migrations.AddIndex(
            model_name="creditaccount",
            index=models.Index(models.F("account"), condition=models.Q(("stop_due", True)), name="quota_stop_due"),
        ),
    ]
