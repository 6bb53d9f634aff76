"""The plainest write there is, and the one that comes in by the million: usage of an account that pays for itself.

One statement does what `ledger.post` does in a transaction: it locks, appends, chains and moves the balance. It keeps
to what needs no second look. A line that is crossed, a key that is known, a sub-account, an account that is not there:
then it writes nothing, and `intake` goes the long way, which judges.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import psycopg
from django.db import connection

from partner_console.access.scoping import visible_sql
from quota.locks import LIVE_SQL
from quota.models import CreditAccount
from quota.rules import LARGEST
from quota.services import enforcing
from quota.states import Bucket, EntryKind
from quota.verify import CANONICAL_SQL

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from partner_console.access.actor import Actor

_COLUMNS = (
    "credit_id, partner_id, seq, kind, bucket, amount_delta, deducted_delta, undeducted_delta, before, value, after,"
    " method, operator, operator_uid, reason, idempotency_key, operation_id, at, previous_hash"
)


def store_usage(*, actor: Actor, uid: str, amount: Decimal, key: str, at: datetime) -> int | None:
    """The number of the entry that was written, or None when nothing was.

    `amount` is above zero and has at most six places, `key` is the ledger's own, `at` (UTC) is when it happened. Twice
    at once writes one entry: the key is unique, and the row is held.
    """
    visible, values = visible_sql(actor, "account.partner_id")
    lines_below, constants = _lines_below()
    entry: list[Any] = [amount, amount, amount, actor.channel, actor.label, actor.operator_uid, key, at]
    judged: list[Any] = [amount, LARGEST, *constants, amount]
    row = _one_row(_statement(visible, lines_below), [uid, *values, *entry, *judged])
    if row is None:
        return None
    seq, account_pk, stop_due = row
    if stop_due:
        enforcing.wake([account_pk])
    return int(seq)


def _one_row(statement: str, values: list[Any]) -> tuple[Any, ...] | None:
    """The server keeps the statement with its plan: to parse and plan it costs three times as much as to carry it out.

    Django's own cursor writes the values into the text, so that each would be another statement.
    """
    with connection.cursor() as cursor:
        cursor.cursor = psycopg.Cursor(cursor.connection)
        cursor.execute(statement, values)
        found: tuple[Any, ...] | None = cursor.fetchone()
    return found


@cache
def _statement(visible: str, lines_below: str) -> str:
    """`held` waits for the row and sees what it holds then; without an `entry` the balance stays."""
    return f"""
WITH held AS (
    SELECT credit.account_id, credit.partner_id, credit.last_seq, credit.last_hash, credit.alarms, credit.amount,
        credit.deducted, credit.undeducted, credit.warning_percent, credit.warning_amount, credit.warning_days,
        credit.daily_use, credit.customer_line
    FROM uids_linkedaccount account JOIN quota_creditaccount credit ON credit.account_id = account.id
    WHERE account.uid = %s AND account.relationship IN {LIVE_SQL} AND account.trustee_id IS NULL AND {visible}
    FOR NO KEY UPDATE OF credit
), e AS (
    SELECT account_id AS credit_id, partner_id, last_seq + 1 AS seq, '{EntryKind.USAGE}' AS kind,
        '{Bucket.UNDEDUCTED}' AS bucket, 0::numeric(22, 2) AS amount_delta, 0::numeric(22, 6) AS deducted_delta,
        %s::numeric(22, 6) AS undeducted_delta, undeducted AS before, %s::numeric(22, 6) AS value,
        (undeducted + %s)::numeric(22, 6) AS after, %s AS method, %s AS operator, %s AS operator_uid, '' AS reason,
        %s AS idempotency_key, NULL::uuid AS operation_id, %s::timestamptz AS at, last_hash AS previous_hash
    FROM held
    WHERE undeducted + %s <= %s AND alarms = (
        SELECT {lines_below} FROM (
            SELECT amount, deducted, held.undeducted + %s AS undeducted, warning_percent, warning_amount, warning_days,
                daily_use, customer_line
        ) moved
    )
), entry AS (
    INSERT INTO quota_ledgerentry ({_COLUMNS}, hash)
    SELECT {_COLUMNS}, encode(sha256(convert_to({CANONICAL_SQL}, 'UTF8')), 'hex') FROM e
    ON CONFLICT (credit_id, idempotency_key) DO NOTHING
    RETURNING credit_id, seq, after, at, hash
)
UPDATE quota_creditaccount credit
SET undeducted = entry.after, last_seq = entry.seq, last_hash = entry.hash, updated_at = now(),
    as_of = greatest(credit.as_of, entry.at)
FROM entry WHERE credit.account_id = entry.credit_id
RETURNING entry.seq, credit.account_id, credit.stop_due
"""  # noqa: S608 names of our own columns


@cache
def _lines_below() -> tuple[str, tuple[Any, ...]]:
    """The lines that figures are below, as the column itself is computed, over a row of any name."""
    statement, constants = CreditAccount._meta.get_field("lines_below").generated_sql(connection)
    return statement, tuple(constants)
