"""A ledger of any size by set-based SQL, with chains that `verify_ledger` finds whole; and accounts with many records."""

from __future__ import annotations

from django.db import connection

from quota.verify import CANONICAL_SQL

# An account's entries: its quota, then usage, with a settlement of half of it at every eleventh.
EACH = 100
AT_ONCE = 2_000

_ACCOUNTS = """
WITH account AS (
  INSERT INTO uids_linkedaccount (
    partner_id, uid, cid, login_name, account_type, nickname, business_manager, remarks, email, mobile, country,
    linked_at, environment, relationship, payg_frozen, purchase_control, shutdown_policy, overdraft, version,
    created_at, updated_at
  )
  SELECT %(partner)s, (2000000000000000 + %(partner)s * 10000000000 + n)::text, '', '', 2, 'Account ' || n, '', '', '',
    '', 'SG', now(), 'production', 'normal', false, 'normal', 'noStop', 0, 1, now(), now()
  FROM generate_series(%(first)s, %(last)s) n RETURNING id
)
INSERT INTO quota_creditaccount (
  account_id, partner_id, amount, deducted, undeducted, warning_percent, daily_use, alarms, last_seq, last_hash,
  version, updated_at, is_stopped
)
SELECT id, %(partner)s, 1000, 0, 0, 20, 0, 0, 0, '', 1, now(), false FROM account RETURNING account_id
"""

_COLUMNS = """
  partner_id, credit_id, seq, kind, bucket, amount_delta, deducted_delta, undeducted_delta, before, value, after,
  method, operator, operator_uid, reason, idempotency_key, operation_id, at, previous_hash
"""
_HASH = f"encode(sha256(convert_to({CANONICAL_SQL}, 'UTF8')), 'hex')"
# One row is one entry; the account's figures after it come along for the next.
_ENTRIES = f"""
WITH RECURSIVE told AS (
  SELECT e.*, {_HASH} AS hash FROM (
    SELECT partner_id, account_id AS credit_id, 1::bigint AS seq, 'quota_create'::text AS kind, 'amount'::text AS bucket,
      1000::numeric(22, 2) AS amount_delta, 0::numeric(22, 6) AS deducted_delta, 0::numeric(22, 6) AS undeducted_delta,
      0::numeric(22, 6) AS before, 1000::numeric(22, 6) AS value, 1000::numeric(22, 6) AS after,
      'system'::text AS method, 'bench'::text AS operator, ''::text AS operator_uid, ''::text AS reason,
      NULL::text AS idempotency_key, NULL::uuid AS operation_id, now() - interval '100 days' AS at,
      ''::text AS previous_hash, 0::numeric(22, 6) AS deducted, 0::numeric(22, 6) AS undeducted
    FROM quota_creditaccount WHERE account_id BETWEEN %(low)s AND %(high)s
  ) e
  UNION ALL
  SELECT e.*, {_HASH} FROM (
    SELECT partner_id, credit_id, seq + 1, CASE WHEN settles THEN 'settle' ELSE 'usage' END,
      CASE WHEN settles THEN 'deducted' ELSE 'undeducted' END, 0::numeric(22, 2), moved,
      spent::numeric(22, 6), CASE WHEN settles THEN deducted ELSE undeducted END,
      value::numeric(22, 6), (CASE WHEN settles THEN deducted ELSE undeducted END + value)::numeric(22, 6),
      'system', 'bench', '', '', NULL::text, NULL::uuid, at + interval '1 day', hash,
      (deducted + moved)::numeric(22, 6), (undeducted + spent)::numeric(22, 6)
    FROM (
      SELECT partner_id, credit_id, seq, at, hash, deducted, undeducted, seq %% 11 = 10 AS settles,
        CASE WHEN seq %% 11 = 10 THEN 0.05 ELSE 0 END::numeric(22, 6) AS moved,
        CASE WHEN seq %% 11 = 10 THEN -0.05 ELSE 0.01 END AS spent,
        CASE WHEN seq %% 11 = 10 THEN 0.05 ELSE 0.01 END AS value
      FROM told WHERE seq < {EACH}
    ) earlier
  ) e (
    partner_id, credit_id, seq, kind, bucket, amount_delta, deducted_delta, undeducted_delta, before, value, after,
    method, operator, operator_uid, reason, idempotency_key, operation_id, at, previous_hash, deducted, undeducted
  )
), written AS (
  INSERT INTO quota_ledgerentry ({_COLUMNS}, hash) SELECT {_COLUMNS}, hash FROM told
)
UPDATE quota_creditaccount SET amount = 1000, deducted = told.deducted, undeducted = told.undeducted,
  last_seq = told.seq, last_hash = told.hash
FROM told WHERE account_id = told.credit_id AND told.seq = {EACH}
"""  # noqa: S608 constants of this module and of verify


# Records of half a year: of ten, nine are usage and one a change of the quota.
_RECORDS = """
INSERT INTO quota_ledgerentry (
  partner_id, credit_id, seq, kind, bucket, amount_delta, deducted_delta, undeducted_delta, before, value, after,
  method, operator, operator_uid, reason, at, hash, previous_hash
)
SELECT partner_id, account_id, n, CASE WHEN n %% 10 = 1 THEN 'quota_adjust' ELSE 'usage' END,
  CASE WHEN n %% 10 = 1 THEN 'amount' ELSE 'undeducted' END, (n %% 10 = 1)::int, 0, (n %% 10 <> 1)::int, n, 1, n + 1,
  'console', 'finance@bench.example', '5000000000000001', 'Raised for the month ' || n,
  now() - (%(size)s - n) * (interval '170 days' / %(size)s), repeat('0', 64), repeat('0', 64)
FROM quota_creditaccount, generate_series(1, %(size)s) n WHERE account_id = %(pk)s
"""


def open_accounts(partner_pk: int, *, first: int, last: int) -> list[int]:
    """Live accounts number `first` to `last` of this partner with a quota of 1,000 and no entries yet; their pks."""
    with connection.cursor() as cursor:
        cursor.execute(_ACCOUNTS, {"partner": partner_pk, "first": first, "last": last})
        return sorted(pk for (pk,) in cursor.fetchall())


def write_book(partner_pk: int, *, size: int) -> tuple[int, int]:
    """About `size` entries, `EACH` an account; returns the first account's pk and how many entries there are."""
    n_accounts = max(1, size // EACH)
    lowest = 0
    for first in range(1, n_accounts + 1, AT_ONCE):
        pks = open_accounts(partner_pk, first=first, last=min(n_accounts, first + AT_ONCE - 1))
        lowest = lowest or pks[0]
        _without_triggers(_ENTRIES, {"low": pks[0], "high": pks[-1]})
    _analyse()
    return lowest, n_accounts * EACH


def write_records(account_pk: int, *, size: int) -> None:
    """So many records of one account; no chain, for nobody verifies them."""
    _without_triggers(_RECORDS, {"pk": account_pk, "size": size})
    _analyse()


def _without_triggers(statement: str, values: dict[str, int]) -> None:
    """The keys are right by construction, and checking ten million of them takes longer than writing them."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(statement, values)
        cursor.execute("RESET session_replication_role")


def _analyse() -> None:
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) quota_ledgerentry, quota_creditaccount, uids_linkedaccount")
