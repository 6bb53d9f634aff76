"""Proof that balances are what the ledger says: computed in the database, account range by account range.

Reads only. What it finds is reported with the entries around it; nothing is repaired (design §4, style §14).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connection

from quota.services.stop_lines import IS_STOPPED_SQL, LINE_SQL

if TYPE_CHECKING:
    from collections.abc import Iterator

RANGE = 200_000  # entries a statement looks at, or one account's: bounded memory, and progress to show
MOST_ACCOUNTS = 20_000  # and so many accounts at most
SHOWN = 1_000  # drifts a statement returns at most: more of them is one disaster, not a list

# The text `ledger.canonical` writes, built by PostgreSQL. Change both or neither.
CANONICAL_SQL = """
json_build_array(
    e.previous_hash, e.partner_id::text, e.credit_id::text, e.seq::text, e.kind, e.bucket,
    e.amount_delta::text, e.deducted_delta::text, e.undeducted_delta::text,
    e.before::text, e.value::text, e.after::text,
    e.method, e.operator, e.operator_uid, e.reason, e.idempotency_key, e.operation_id::text,
    to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
)::text
"""

# Running sums of the three figures give each entry's “before” of the figure it is about, whatever came in between.
ENTRIES_SQL = f"""
WITH chained AS (
    SELECT e.credit_id, e.seq,
        CASE e.bucket
            WHEN 'amount' THEN e.amount_delta
            WHEN 'deducted' THEN e.deducted_delta
            ELSE e.undeducted_delta
        END AS moved,
        CASE e.bucket
            WHEN 'amount' THEN sum(e.amount_delta) OVER so_far
            WHEN 'deducted' THEN sum(e.deducted_delta) OVER so_far
            ELSE sum(e.undeducted_delta) OVER so_far
        END AS total,
        e.before, e.value, e.after, e.hash, e.previous_hash,
        row_number() OVER so_far AS number,
        coalesce(lag(e.hash) OVER so_far, '') AS earlier_hash,
        encode(sha256(convert_to({CANONICAL_SQL}, 'UTF8')), 'hex') AS own_hash
    FROM quota_ledgerentry e
    WHERE e.credit_id > %s AND e.credit_id <= %s
    WINDOW so_far AS (PARTITION BY e.credit_id ORDER BY e.seq)
)
SELECT credit_id, seq,
    CASE
        WHEN seq <> number THEN 'gap'
        WHEN value <> moved OR after <> before + value OR after <> total THEN 'figures'
        WHEN previous_hash <> earlier_hash THEN 'chain'
        ELSE 'hash'
    END
FROM chained
WHERE seq <> number OR value <> moved OR after <> before + value OR after <> total
    OR previous_hash <> earlier_hash OR hash <> own_hash
ORDER BY credit_id, seq
LIMIT {SHOWN}
"""  # noqa: S608 constants of this module

BALANCES_SQL = f"""
SELECT c.account_id,
    CASE
        WHEN c.amount <> coalesce(sum(e.amount_delta), 0)
            OR c.deducted <> coalesce(sum(e.deducted_delta), 0)
            OR c.undeducted <> coalesce(sum(e.undeducted_delta), 0)
            OR c.available <> c.amount - c.deducted - c.undeducted THEN 'balance'
        WHEN c.last_seq <> count(e.id) THEN 'count'
        ELSE 'head'
    END
FROM quota_creditaccount c
LEFT JOIN quota_ledgerentry e ON e.credit_id = c.account_id
WHERE c.account_id > %s AND c.account_id <= %s
GROUP BY c.account_id
HAVING c.amount <> coalesce(sum(e.amount_delta), 0)
    OR c.deducted <> coalesce(sum(e.deducted_delta), 0)
    OR c.undeducted <> coalesce(sum(e.undeducted_delta), 0)
    OR c.available <> c.amount - c.deducted - c.undeducted
    OR c.last_seq <> count(e.id)
    OR c.last_hash <> coalesce((SELECT hash FROM quota_ledgerentry l
                                WHERE l.credit_id = c.account_id AND l.seq = c.last_seq), '')
ORDER BY c.account_id
LIMIT {SHOWN}
"""  # noqa: S608 constants of this module

# What the money's row says of its account, for stops by arrears, and what the account says.
STOPS_SQL = f"""
SELECT c.account_id, 'stop'
FROM quota_creditaccount c JOIN uids_linkedaccount a ON a.id = c.account_id
WHERE c.account_id > %s AND c.account_id <= %s
    AND (c.stop_line, c.is_stopped) IS DISTINCT FROM ({LINE_SQL}, {IS_STOPPED_SQL})
ORDER BY c.account_id
LIMIT {SHOWN}
"""  # noqa: S608 constants of this module


@dataclass(frozen=True, slots=True)
class Drift:
    """One disagreement. `seq` is the entry's, 0 when it is about the account's balance.

    `what`: gap (a number is missing), figures (before, value and after do not add up), chain (does not link to the
    entry before it), hash (its content was changed), balance (is not the sum), count and head (last number or hash
    is not the last entry's), stop (below what it is stopped, or that it is, is not what its account says).
    """

    account_pk: int
    seq: int
    what: str


@dataclass(frozen=True, slots=True)
class Checked:
    """One range done: the last account of it, how many accounts and entries it holds, and what was found."""

    last: int
    accounts: int
    entries: int
    drifts: list[Drift]


_RANGE_SQL = """
SELECT max(account_id), count(*), coalesce(sum(last_seq), 0)::bigint
FROM (
    SELECT account_id, last_seq, sum(last_seq) OVER (ORDER BY account_id) - last_seq AS earlier
    FROM (
        SELECT account_id, last_seq FROM quota_creditaccount
        WHERE account_id > %s ORDER BY account_id LIMIT %s
    ) nearby
) counted
WHERE earlier < %s
"""


def verify(*, batch: int = RANGE, after: int = 0) -> Iterator[Checked]:
    """Every credit account of every partner whose pk is above `after`, in ranges of about `batch` entries.

    A range is one consistent snapshot; a stopped run goes on `after` the last account it has told.
    """
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_RANGE_SQL, [after, MOST_ACCOUNTS, batch])
            last, accounts, entries = cursor.fetchone()
        if not accounts:
            return
        yield Checked(last, accounts, entries, _drifts(after, last))
        after = last


def count_entries(*, after: int = 0) -> int:
    """How many entries the accounts say they have: to tell how far a run is."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(last_seq), 0)::bigint FROM quota_creditaccount WHERE account_id > %s", [after]
        )
        return int(cursor.fetchone()[0])


def context(drift: Drift) -> list[tuple[object, ...]]:
    """The entries around a drift: number, kind, before, value, after, hash begins. For a balance, the last ones."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seq, kind, before, value, after, left(hash, 12) FROM quota_ledgerentry"
            " WHERE credit_id = %s AND (%s = 0 OR seq BETWEEN %s AND %s) ORDER BY seq DESC LIMIT 5",
            [drift.account_pk, drift.seq, drift.seq - 2, drift.seq + 2],
        )
        rows: list[tuple[object, ...]] = cursor.fetchall()
    return rows[::-1]


def _drifts(low: int, high: int) -> list[Drift]:
    """All questions in one statement, so that a change between them is not taken for a drift."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT credit_id, seq, kind FROM ({ENTRIES_SQL}) entries (credit_id, seq, kind)"  # noqa: S608 constants
            f" UNION ALL SELECT account_id, 0, kind FROM ({BALANCES_SQL}) balances (account_id, kind)"
            f" UNION ALL SELECT account_id, 0, kind FROM ({STOPS_SQL}) stops (account_id, kind)",
            [low, high] * 3,
        )
        return [Drift(*row) for row in cursor.fetchall()]
