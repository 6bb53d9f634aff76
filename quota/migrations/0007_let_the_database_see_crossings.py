"""`lines_below` and `in_alarm` computed by the database: one rewrite of the table, then an index of what is due."""

from __future__ import annotations

import django.db.models.expressions
import django.db.models.lookups
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("quota", "0006_bring_warnings_along"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="creditaccount",
            name="quota_warning_due",
        ),
        migrations.RemoveIndex(model_name="creditaccount", name="quota_in_alarm"),
        migrations.RemoveField(model_name="creditaccount", name="in_alarm"),
        migrations.AddField(
            model_name="creditaccount",
            name="in_alarm",
            field=models.GeneratedField(
                db_persist=True,
                expression=django.db.models.lookups.GreaterThan(
                    django.db.models.expressions.CombinedExpression(models.F("alarms"), "&", models.Value(7)),
                    models.Value(0),
                ),
                output_field=models.BooleanField(verbose_name="below the warning threshold"),
            ),
        ),
        migrations.AddField(
            model_name="creditaccount",
            name="lines_below",
            field=models.GeneratedField(
                db_persist=True,
                expression=django.db.models.expressions.CombinedExpression(
                    django.db.models.expressions.CombinedExpression(
                        django.db.models.expressions.CombinedExpression(
                            models.Case(
                                models.When(
                                    models.Q(
                                        django.db.models.lookups.LessThan(
                                            django.db.models.expressions.CombinedExpression(
                                                django.db.models.expressions.CombinedExpression(
                                                    django.db.models.expressions.CombinedExpression(
                                                        models.F("amount"), "-", models.F("deducted")
                                                    ),
                                                    "-",
                                                    models.F("undeducted"),
                                                ),
                                                "*",
                                                models.Value(100),
                                            ),
                                            django.db.models.expressions.CombinedExpression(
                                                models.F("amount"), "*", models.F("warning_percent")
                                            ),
                                        )
                                    ),
                                    then=models.Value(1),
                                ),
                                default=models.Value(0),
                                output_field=models.IntegerField(),
                            ),
                            "+",
                            models.Case(
                                models.When(
                                    models.Q(
                                        django.db.models.lookups.LessThan(
                                            django.db.models.expressions.CombinedExpression(
                                                django.db.models.expressions.CombinedExpression(
                                                    models.F("amount"), "-", models.F("deducted")
                                                ),
                                                "-",
                                                models.F("undeducted"),
                                            ),
                                            models.F("warning_amount"),
                                        )
                                    ),
                                    then=models.Value(2),
                                ),
                                default=models.Value(0),
                                output_field=models.IntegerField(),
                            ),
                        ),
                        "+",
                        models.Case(
                            models.When(
                                models.Q(
                                    django.db.models.lookups.GreaterThan(models.F("daily_use"), models.Value(0)),
                                    django.db.models.lookups.LessThan(
                                        django.db.models.expressions.CombinedExpression(
                                            django.db.models.expressions.CombinedExpression(
                                                models.F("amount"), "-", models.F("deducted")
                                            ),
                                            "-",
                                            models.F("undeducted"),
                                        ),
                                        django.db.models.expressions.CombinedExpression(
                                            models.F("daily_use"), "*", models.F("warning_days")
                                        ),
                                    ),
                                ),
                                then=models.Value(4),
                            ),
                            default=models.Value(0),
                            output_field=models.IntegerField(),
                        ),
                    ),
                    "+",
                    models.Case(
                        models.When(
                            models.Q(
                                django.db.models.lookups.LessThan(
                                    django.db.models.expressions.CombinedExpression(
                                        django.db.models.expressions.CombinedExpression(
                                            models.F("amount"), "-", models.F("deducted")
                                        ),
                                        "-",
                                        models.F("undeducted"),
                                    ),
                                    models.F("customer_line"),
                                )
                            ),
                            then=models.Value(8),
                        ),
                        default=models.Value(0),
                        output_field=models.IntegerField(),
                    ),
                ),
                output_field=models.PositiveSmallIntegerField(),
            ),
        ),
        migrations.AddIndex(
            model_name="creditaccount",
            index=models.Index(
                models.F("account"),
                condition=models.Q(
                    ("alarms__lt", models.F("lines_below")), ("alarms__gt", models.F("lines_below")), _connector="OR"
                ),
                name="quota_warning_due",
            ),
        ),
        migrations.AddIndex(
            model_name="creditaccount",
            index=models.Index(
                models.F("partner"), models.F("account"), condition=models.Q(("in_alarm", True)), name="quota_in_alarm"
            ),
        ),
    ]
