"""Quota warnings: when they fire and when they end (design §6.6). Their mails are in `notices`.

`CreditAccount.alarms` holds the lines warned of, `lines_below` those that available is below now. Where they differ a
line was crossed or regained; `evaluate_many` makes them equal and writes down what that means, in one statement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.db.models import Q

from partner_console.access.actor import Actor, system_actor
from partner_console.waking import after_commit
from quota import tasks
from quota.models import CreditAccount
from quota.models.credit import DUE
from quota.services import handling, notices
from quota.states import PARTNER_BITS, LineKind, lines_below
from uids.states import LIVE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quota.locks import LockedCredit

BATCH = 1000
MOST_WOKEN = 100  # more mails than that at once are left to the sweep, a minute later at most

# Whether the account has money of its own to warn about. `a` is the linked account, `c` its credit.
_WARNS = "(a.trustee_id IS NULL AND a.relationship = ANY(%(live)s))"

# What falls below in one movement is one warning; the customer's own alert is another one. What was set then stays
# with the line, so that a warning still says why it came when the rules have changed.
_EVALUATE = f"""
WITH judged AS (
    SELECT c.account_id, c.alarms AS was, {_WARNS} AS warns, CASE WHEN {_WARNS} THEN c.lines_below ELSE 0 END AS below
    FROM quota_creditaccount c JOIN uids_linkedaccount a ON a.id = c.account_id
    WHERE c.account_id = ANY(%(pks)s)
), moved AS (
    UPDATE quota_creditaccount c SET alarms = judged.below
    FROM judged
    WHERE c.account_id = judged.account_id AND judged.was <> judged.below
    RETURNING c.account_id, c.partner_id, judged.was, judged.below, judged.warns, c.amount, c.available,
        c.daily_use, c.warning_percent, c.warning_amount, c.warning_days, c.customer_line
), fired AS (
    INSERT INTO quota_warning (
        credit_id, partner_id, percent, amount, available, fired_at, is_silent, for_customer, snooze_reason
    )
    SELECT account_id, partner_id, warning_percent, amount, available, now(), %(is_silent)s, for_customer, ''
    FROM moved CROSS JOIN (VALUES ({PARTNER_BITS}, false), ({LineKind.CUSTOMER.value}, true)) part (bits, for_customer)
    WHERE (below & ~was & bits) > 0
    ORDER BY account_id, for_customer
    RETURNING id, credit_id, for_customer
), crossed AS (
    INSERT INTO quota_warningline (warning_id, credit_id, partner_id, kind, value, line, crossed_at)
    SELECT fired.id, account_id, partner_id, kind, value, line, now()
    FROM moved JOIN fired ON fired.credit_id = account_id
    CROSS JOIN LATERAL (VALUES
        ({LineKind.PERCENT.value}, warning_percent::numeric, amount * warning_percent / 100),
        ({LineKind.AMOUNT.value}, warning_amount, warning_amount),
        ({LineKind.DAYS.value}, warning_days::numeric, daily_use * warning_days),
        ({LineKind.CUSTOMER.value}, customer_line, customer_line)
    ) lines (kind, value, line)
    WHERE (below & ~was & kind) > 0 AND for_customer = (kind = {LineKind.CUSTOMER.value})
), regained AS (
    UPDATE quota_warningline l SET recovered_at = now()
    FROM moved
    WHERE l.credit_id = account_id AND l.recovered_at IS NULL AND (was & ~below & l.kind) > 0
    RETURNING l.id, l.warning_id, moved.warns
), ended AS (
    UPDATE quota_warning w SET recovered_at = now(), is_silent = w.is_silent OR NOT over.warns
    FROM (SELECT DISTINCT warning_id, warns FROM regained) over
    WHERE w.id = over.warning_id AND NOT EXISTS (
        SELECT 1 FROM quota_warningline l
        WHERE l.warning_id = w.id AND l.recovered_at IS NULL AND l.id NOT IN (SELECT id FROM regained)
    )
    RETURNING w.id, w.is_silent
)
SELECT
    (SELECT count(*) FROM moved),
    (SELECT array_agg(id ORDER BY id) FROM fired WHERE NOT %(is_silent)s),
    (SELECT array_agg(id ORDER BY id) FROM ended WHERE NOT is_silent)
"""  # noqa: S608 constants of this module


def evaluate_warning(credit: LockedCredit) -> bool:
    """Fire, or end, the account's warnings as its saved figures and lines now demand; whether anything did.

    Called inside the transaction that holds the credit row, after every movement and every change of a line; doing it
    twice changes nothing, and costs no query. Sub-accounts under trusteeship and accounts no longer linked are never
    in alarm: what they had open ends without a notice.
    """
    below = lines_below(credit) if warns(credit) else 0
    if below == credit.alarms:
        return False
    evaluate_many([credit.pk])
    # The database computes the same; set here so that nobody needs to read it back.
    credit.alarms, credit.in_alarm, credit.lines_below = below, bool(below & PARTNER_BITS), lines_below(credit)
    return True


def evaluate_many(pks: Sequence[int], *, is_silent: bool = False) -> int:
    """The same for many, in one statement; how many of them crossed or regained a line.

    The caller holds the rows' locks and has saved their figures. `is_silent` is for imports: accounts that come in
    below a line did not cross it here, and thousands of them must not bury the recipients.
    """
    if not pks:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_EVALUATE, {"pks": list(pks), "live": [str(state) for state in LIVE], "is_silent": is_silent})
        moved, fired, ended = cursor.fetchone()
    for task, woken in ((tasks.send_warning, fired or []), (tasks.send_recovery, ended or [])):
        if len(woken) <= MOST_WOKEN:
            for pk in woken:
                after_commit(task, pk)
    return int(moved)


def warns(credit: CreditAccount) -> bool:
    """Whether the account has money of its own to warn about (load `account` with it)."""
    return credit.account.trustee_id is None and credit.account.is_live


def sweep_due(*, actor: Actor, batch: int = BATCH) -> int:
    """Fire and end what nobody evaluated, batch after batch; how many accounts that were.

    What is due is found by its indexes alone; a second look finds alarms of accounts that are no longer warned about,
    because a master took over or the relationship ended. Rows in use are left for next time.
    """
    warned = Q(account__trustee__isnull=True, account__relationship__in=LIVE)
    return _sweep(actor, DUE, warned, batch) + _sweep(actor, Q(in_alarm=True) & ~warned, Q(), batch)


def _sweep(actor: Actor, seen: Q, judged: Q, batch: int) -> int:
    """Every batch is its own transaction: short locks, and nothing is kept in memory but its keys.

    `seen` finds the next of them, `judged` what is also asked of those few: joined at once, PostgreSQL takes many for
    due and reads every account there is.
    """
    rows = CreditAccount.objects.visible_to(actor).order_by("pk")
    found, after = 0, 0
    while True:
        ahead = list(rows.filter(seen, pk__gt=after).values_list("pk", flat=True)[:batch])
        with transaction.atomic():
            few = rows.filter(seen, judged, pk__in=ahead).values_list("pk", flat=True)
            found += evaluate_many(list(few.select_for_update(of=("self",), no_key=True, skip_locked=True)))
        if len(ahead) < batch:
            return found
        after = ahead[-1]


def sweep(*, actor: Actor | None = None) -> None:
    """What beat runs: crossings nobody evaluated, snoozes that are over, and mails not in the queue yet."""
    actor = actor or system_actor("quota-warnings")
    sweep_due(actor=actor)
    handling.end_snoozes(actor=actor)
    notices.sweep_unmailed(actor=actor)
