"""The ledger summed up by day, and what an account uses on an average day. Set-based, in bounded steps.

Every step reads the days it touches anew from the ledger, so that doing it twice, or half, changes nothing. Nothing
here is the truth: flows can be thrown away and made again.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from quota.days import RECORDS_ZONE, THIN_DAYS, USE_DAYS, record_day
from quota.models import CreditAccount, LedgerEntry, RollUp

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime

STEP = 50_000  # entries a transaction reads
ACCOUNTS = 5_000  # accounts whose daily use a transaction works out
# Entries are numbered before they are committed. What was numbered this long ago is committed or never will be: no
# task of ours may run as long.
SETTLES = timedelta(hours=1)

# Entries are found in the order of their numbers; their days are then summed up whole. LATERAL: one probe of the
# index (credit, at) for each of them, however many entries the ledger has.
_FLOWS = """
WITH unread AS (
    SELECT id, credit_id, at FROM quota_ledgerentry
    WHERE id > %(mark)s AND id <= %(head)s ORDER BY id LIMIT %(step)s
), touched AS (
    SELECT DISTINCT credit_id, (at AT TIME ZONE %(zone)s)::date AS day FROM unread
), written AS (
    INSERT INTO quota_dailyflow AS flow
        (credit_id, partner_id, day, quota, used, settled, refunded, written_off, synced)
    SELECT t.credit_id, s.partner_id, t.day, s.quota, s.used, s.settled, s.refunded, s.written_off,
        s.consumed - s.used + s.refunded + s.written_off
    FROM touched t CROSS JOIN LATERAL (
        SELECT min(e.partner_id) AS partner_id,
            sum(e.amount_delta) AS quota,
            coalesce(sum(e.undeducted_delta + e.deducted_delta) FILTER (WHERE e.kind = 'usage'), 0) AS used,
            coalesce(sum(e.deducted_delta) FILTER (WHERE e.kind = 'settle'), 0) AS settled,
            coalesce(-sum(e.undeducted_delta + e.deducted_delta) FILTER (WHERE e.kind = 'refund'), 0) AS refunded,
            coalesce(-sum(e.undeducted_delta + e.deducted_delta) FILTER (WHERE e.kind = 'write_off'), 0)
                AS written_off,
            sum(e.undeducted_delta + e.deducted_delta) AS consumed
        FROM quota_ledgerentry e
        WHERE e.credit_id = t.credit_id
            AND e.at >= t.day::timestamp AT TIME ZONE %(zone)s
            AND e.at < (t.day + 1)::timestamp AT TIME ZONE %(zone)s
    ) s
    ORDER BY t.credit_id, t.day
    ON CONFLICT (credit_id, day) DO UPDATE SET quota = excluded.quota, used = excluded.used,
        settled = excluded.settled, refunded = excluded.refunded, written_off = excluded.written_off,
        synced = excluded.synced
    WHERE (flow.quota, flow.used, flow.settled, flow.refunded, flow.written_off, flow.synced)
        IS DISTINCT FROM (excluded.quota, excluded.used, excluded.settled, excluded.refunded, excluded.written_off,
            excluded.synced)
    RETURNING credit_id, day
)
SELECT (SELECT max(id) FROM unread), (SELECT count(*) FROM written),
    (SELECT array_agg(DISTINCT credit_id) FROM written WHERE day < %(today)s)
"""

# Days without use count, days before the first record do not. With fewer than THIN_DAYS days of use there is no pace.
_DAILY_USE = """
WITH recent AS (
    SELECT credit_id, sum(used) AS used, count(*) FILTER (WHERE used > 0) AS days
    FROM quota_dailyflow
    WHERE credit_id = ANY(%(pks)s) AND day >= %(first)s AND day < %(today)s
    GROUP BY credit_id
), fresh AS (
    SELECT c.account_id, coalesce(round(greatest(r.used, 0) / nullif(least(
        %(days)s, %(today)s - (SELECT min(day) FROM quota_dailyflow f WHERE f.credit_id = c.account_id)
    ), 0), 6), 0) AS daily_use
    FROM quota_creditaccount c LEFT JOIN recent r ON r.credit_id = c.account_id AND r.days >= %(thin)s
    WHERE c.account_id = ANY(%(pks)s)
), due AS (
    SELECT c.account_id, fresh.daily_use
    FROM quota_creditaccount c JOIN fresh USING (account_id)
    WHERE c.daily_use <> fresh.daily_use
    ORDER BY c.account_id FOR NO KEY UPDATE OF c
)
UPDATE quota_creditaccount c SET daily_use = due.daily_use FROM due WHERE c.account_id = due.account_id
"""


def roll_up() -> int:
    """Bring the daily flows up to the ledger's end, and every account's daily use to today; returns days written.

    Any number at once: each step holds the one row of `RollUp`. The first run reads the whole ledger.
    """
    state, _ = RollUp.objects.get_or_create(pk=1)
    head = LedgerEntry.objects.aggregate(head=Max("pk"))["head"] or 0
    began_at = timezone.now()
    today = record_day(began_at)
    written, mark = 0, state.mark
    while mark < head:
        mark, days, accounts = _step(mark, head, today)
        written += days
        if accounts and state.used_on == today:
            _refresh(accounts, today)
    if state.used_on != today:
        refresh_daily_use(today=today)
    _finish(state, head, began_at)
    return written


@transaction.atomic
def start_over() -> None:
    """Have the next run read the whole ledger again; what is there stays until then."""
    RollUp.objects.get_or_create(pk=1)
    state = RollUp.objects.select_for_update().get(pk=1)
    state.mark, state.seen, state.seen_at = 0, 0, None
    state.save(update_fields=["mark", "seen", "seen_at"])


def refresh_daily_use(*, today: date | None = None) -> int:
    """Work out every account's daily use anew from the flows; returns how many changed."""
    today = today or record_day(timezone.now())
    return sum(_refresh(pks, today) for pks in _batches())


@transaction.atomic
def _step(mark: int, head: int, today: date) -> tuple[int, int, Sequence[int]]:
    """Sum up the days of the next entries: the number reached, days written, accounts with a change before today."""
    RollUp.objects.select_for_update().get(pk=1)
    with connection.cursor() as cursor:
        cursor.execute(_FLOWS, {"mark": mark, "head": head, "step": STEP, "today": today, "zone": RECORDS_ZONE.key})
        reached, days, accounts = cursor.fetchone()
    return (head if reached is None else reached), days, accounts or ()


@transaction.atomic
def _refresh(pks: Sequence[int], today: date) -> int:
    """The daily use of some accounts. A line in days that it crosses is found by the warnings' sweep."""
    first = today - timedelta(days=USE_DAYS)
    given: dict[str, Any] = {"pks": list(pks), "first": first, "today": today, "days": USE_DAYS, "thin": THIN_DAYS}
    with connection.cursor() as cursor:
        cursor.execute(_DAILY_USE, given)
        changed: int = cursor.rowcount
    return changed


@transaction.atomic
def _finish(began: RollUp, head: int, began_at: datetime) -> None:
    """Move the mark to the end seen long before this run began: whatever was still open then, it has read by now."""
    state = RollUp.objects.select_for_update().get(pk=1)
    state.filled_at = state.filled_at or began_at
    state.used_on = record_day(began_at)
    is_ripe = began.seen_at is None or began_at - began.seen_at >= SETTLES
    if is_ripe and began.seen_at == state.seen_at:
        state.mark, state.seen, state.seen_at = max(state.mark, state.seen), head, began_at
    state.save(update_fields=["mark", "seen", "seen_at", "filled_at", "used_on"])


def _batches() -> Iterator[list[int]]:
    """All credit accounts by their keys, a bounded number at a time."""
    low = 0
    while True:
        pks = list(CreditAccount.objects.filter(pk__gt=low).order_by("pk").values_list("pk", flat=True)[:ACCOUNTS])
        if not pks:
            return
        yield pks
        low = pks[-1]
