"""The stop lines and stops of accounts that were there before. Repeating it changes nothing."""

from __future__ import annotations

from django.db import migrations

FORWARD = """
UPDATE quota_creditaccount c SET stop_line = wanted.line, is_stopped = wanted.is_stopped
FROM (
    SELECT a.id,
        CASE
            WHEN a.trustee_id IS NOT NULL OR a.relationship IN ('terminated', 'deleted') THEN NULL
            WHEN a.shutdown_policy = 'immediatelyStop' THEN 0
            WHEN a.shutdown_policy = 'delayStop' THEN -a.overdraft
        END AS line,
        a.payg_stopped_at IS NOT NULL AND a.relationship NOT IN ('terminated', 'deleted') AS is_stopped
    FROM uids_linkedaccount a
) wanted
WHERE c.account_id = wanted.id
    AND (c.stop_line, c.is_stopped) IS DISTINCT FROM (wanted.line, wanted.is_stopped)
"""


class Migration(migrations.Migration):
    dependencies = [
        ("quota", "0011_stop_in_arrears"),
        ("uids", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(FORWARD, migrations.RunSQL.noop),
    ]
