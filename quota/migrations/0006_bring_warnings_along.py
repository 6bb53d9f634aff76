"""Warnings so far were of the percent line; accounts with a percent of their own get a rule of their own."""

from __future__ import annotations

from django.db import migrations

LINES = """
INSERT INTO quota_warningline (warning_id, credit_id, partner_id, kind, value, line, crossed_at, recovered_at)
SELECT id, credit_id, partner_id, 1, percent, amount * percent / 100, fired_at, recovered_at FROM quota_warning
"""
ALARMS = "UPDATE quota_creditaccount SET alarms = 1 WHERE in_alarm"
RULES = """
INSERT INTO quota_warningrule (partner_id, credit_id, kind, value, updated_at)
SELECT c.partner_id, c.account_id, 1, c.warning_percent, now()
FROM quota_creditaccount c JOIN access_partner p ON p.id = c.partner_id
WHERE c.warning_percent <> p.warning_percent
"""


class Migration(migrations.Migration):
    dependencies = [("quota", "0005_warning_lines")]

    operations = [
        migrations.RunSQL(LINES, "DELETE FROM quota_warningline"),
        migrations.RunSQL(ALARMS, "UPDATE quota_creditaccount SET in_alarm = alarms & 7 > 0"),
        migrations.RunSQL(RULES, "DELETE FROM quota_warningrule"),
    ]
