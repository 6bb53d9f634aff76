"""Many accounts by set-based SQL: a partner of any size in seconds, like one that grew (shares as below)."""

from __future__ import annotations

from django.db import connection

# Of 1,000 accounts: 40 sub-accounts of 4 masters, 30 frozen, 8 stopped by arrears, 10 banned, 5 without shutdown,
# 25 in arrears, 60 in warning, 30 ended, 40 sandbox, 100 without business manager, 150 with a Japanese or Chinese name.
_ACCOUNTS = """
INSERT INTO uids_linkedaccount (
  partner_id, uid, cid, login_name, account_type, nickname, business_manager, remarks, email, mobile, country,
  is_enterprise, is_certified, linked_at, environment, relationship, payg_frozen, payg_stopped_at, purchase_control,
  shutdown_policy, overdraft, version, created_at, updated_at
)
SELECT %(partner)s, (%(first)s + n * 7)::text, '', 'user' || n || '@corp' || n %% 5000 || '.example', 2,
  CASE WHEN n %% 20 IN (3, 7, 11)
    THEN (ARRAY['株式会社','有限会社','上海','東京','深圳市'])[1 + n %% 5]
      || (ARRAY['海斗','山本','龍騰','電力','物流'])[1 + n / 7 %% 5] || n %% 9973
    ELSE (ARRAY['Kaito','Merlion','Straits','Borneo','Orchid','Sakura','Lotus','Harbour'])[1 + n %% 8] || ' '
      || (ARRAY['Trading','Logistics','Games','Media','Retail','Foods','Systems'])[1 + n / 3 %% 7]
      || ' ' || n %% 9973 END,
  CASE WHEN n %% 10 = 0 THEN '' ELSE 'Manager ' || n %% 40 END,
  CASE WHEN n %% 4 = 0 THEN 'Renewed for another year, see the contract of ' || n %% 12 + 1 ELSE '' END,
  'billing' || n || '@corp' || n %% 5000 || '.example', '',
  (ARRAY['SG','MY','ID','JP','HK','TH','PH','AE','DE','GB','BR'])[1 + n %% 11],
  n %% 3 = 0, n %% 2 = 0, now() - n * interval '37 seconds', CASE WHEN n %% 25 = 1 THEN 'sandbox' ELSE 'production' END,
  CASE WHEN n %% 100 IN (31, 32) THEN 'terminated' WHEN n %% 100 = 33 THEN 'in_process' ELSE 'normal' END,
  n %% 100 IN (5, 6, 8), CASE WHEN n %% 125 = 9 THEN now() - interval '3 days' END,
  CASE WHEN n %% 100 = 41 THEN 'ban' ELSE 'normal' END,
  CASE WHEN n %% 200 = 77 THEN 'noStop' WHEN n %% 4 = 2 THEN 'delayStop' ELSE 'immediatelyStop' END,
  CASE WHEN n %% 4 = 2 THEN 600 ELSE 0 END, 1, now(), now()
FROM generate_series(1, %(size)s) n
"""
# Every 25th account is a sub-account of the last account before it whose number ends a block of 250.
_TRUSTEES = """
UPDATE uids_linkedaccount sub SET trustee_id = master.id
FROM uids_linkedaccount master
WHERE sub.partner_id = %(partner)s AND master.partner_id = %(partner)s
  AND (sub.uid::bigint - %(first)s) / 7 %% 25 = 12
  AND master.uid = (%(first)s + ((sub.uid::bigint - %(first)s) / 7 / 250 * 250 + 1) * 7)::text
"""
_CREDITS = """
INSERT INTO quota_creditaccount (
  account_id, partner_id, amount, deducted, undeducted, warning_percent, daily_use, alarms, last_seq, last_hash, version,
  updated_at, stop_line, is_stopped
)
SELECT id, partner_id, 1000 + n %% 9000, used * 0.6, used * 0.4, 20, 0, (used > (1000 + n %% 9000) * 0.8)::int, 0, '', 1,
  now(), CASE WHEN is_live THEN CASE shutdown_policy WHEN 'immediatelyStop' THEN 0 WHEN 'delayStop' THEN -overdraft END END,
  is_live AND payg_stopped_at IS NOT NULL
FROM (
  SELECT id, partner_id, n, shutdown_policy, overdraft, payg_stopped_at, relationship <> 'terminated' AS is_live,
    CASE WHEN n %% 40 = 3 THEN 1010 + n %% 9000 WHEN n %% 29 = 4 THEN (1000 + n %% 9000) * 0.9
    ELSE (n * 7919 %% 8000) / 10000.0 * (1000 + n %% 9000) END AS used
  FROM (SELECT *, (uid::bigint - %(first)s) / 7 AS n FROM uids_linkedaccount) numbered
  WHERE partner_id = %(partner)s AND trustee_id IS NULL
) figures
"""


_INDEXES = """
SELECT indexname, indexdef FROM pg_indexes
WHERE schemaname = current_schema() AND tablename IN ('uids_linkedaccount', 'quota_creditaccount')
  AND indexdef NOT LIKE 'CREATE UNIQUE%'
"""


def fill(partner_pk: int, *, size: int) -> None:
    """`size` accounts with credit for this partner, then fresh statistics. UIDs differ between partners.

    The indexes are dropped meanwhile: the migrations' own definitions are read and built again afterwards.
    """
    values = {"partner": partner_pk, "size": size, "first": 1_000_000_000_000_000 + partner_pk * 10_000_000_000}
    with connection.cursor() as cursor:
        cursor.execute(_INDEXES)
        indexes = cursor.fetchall() if size > 10_000 else []
        for name, _definition in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
        for statement in (_ACCOUNTS, _TRUSTEES, _CREDITS):
            cursor.execute(statement, values)
            cursor.execute("ANALYZE uids_linkedaccount")
        cursor.execute("SET maintenance_work_mem = '256MB'")
        for _name, definition in indexes:
            cursor.execute(definition)
        cursor.execute("VACUUM (ANALYZE) uids_linkedaccount, quota_creditaccount")
