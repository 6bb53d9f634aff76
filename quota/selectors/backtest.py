"""What warning lines would have done: how often they would have warned, and how long before the quota ran out.

Worked out by the database from what moved each day (`DailyFlow`), back from today's figures. A day is the finest it
sees: what was crossed and regained within one day is not counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.db import connection

from partner_console.access.policy import Permission, require
from quota.models import CreditAccount
from uids.states import LIVE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from partner_console.access.actor import Actor

DAYS_BACK = 182  # the six months that records show by default (design §6.8)
MOST_ACCOUNTS = 1_000  # of a partner: those with the largest quotas. Half a year of them is read in about a second
ENOUGH_DAYS = 7

_BELOW = (
    "({available} * 100 < {amount} * %(percent)s OR coalesce({available} < %(amount)s, false)"
    " OR coalesce(daily_use > 0 AND {available} < daily_use * %(days)s, false))"
)

# Episodes: runs of days below a line. One that began before the records do was no warning within them.
_BACKTEST = f"""
WITH flows AS (
    SELECT credit_id, day, quota, used, quota - (used - refunded - written_off + synced) AS moved
    FROM quota_dailyflow WHERE credit_id = ANY(%(pks)s) AND day >= %(since)s
), ends AS (
    SELECT f.credit_id, f.day, f.used, f.quota, f.moved,
        c.available - coalesce(sum(f.moved) OVER later, 0) AS available,
        c.amount - coalesce(sum(f.quota) OVER later, 0) AS amount,
        sum(f.used) OVER (
            PARTITION BY f.credit_id ORDER BY f.day RANGE BETWEEN '29 days' PRECEDING AND CURRENT ROW
        ) / 30 AS daily_use
    FROM flows f JOIN quota_creditaccount c ON c.account_id = f.credit_id
    WINDOW later AS (PARTITION BY f.credit_id ORDER BY f.day ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)
), judged AS (
    SELECT credit_id, day, used, available <= 0 AS is_out,
        {_BELOW.format(available="available", amount="amount")} AS below,
        {_BELOW.format(available="(available - moved)", amount="(amount - quota)")} AS below_before
    FROM ends
), turned AS (
    SELECT *, below <> lag(below, 1, below_before) OVER by_day AS turns FROM judged
    WINDOW by_day AS (PARTITION BY credit_id ORDER BY day)
), numbered AS (
    SELECT *, count(*) FILTER (WHERE turns) OVER (PARTITION BY credit_id ORDER BY day) AS episode FROM turned
), episodes AS (
    SELECT credit_id, min(day) AS began, min(day) FILTER (WHERE is_out) AS out_on
    FROM numbered WHERE below AND episode > 0 GROUP BY credit_id, episode
)
SELECT count(*), count(DISTINCT credit_id), count(out_on),
    percentile_disc(0.5) WITHIN GROUP (ORDER BY out_on - began) FILTER (WHERE out_on IS NOT NULL),
    (SELECT count(DISTINCT day) FROM flows WHERE used > 0),
    (SELECT count(DISTINCT credit_id) FROM flows)
FROM episodes
"""  # noqa: S608 constants of this module


@dataclass(frozen=True, slots=True)
class BackTest:
    """`median_days` is from a warning to the day the quota ran out, of those times it did; None when it never did.

    `n_accounts` have records; `is_capped` says that a partner has more accounts than were looked at.
    """

    since: date
    n_accounts: int
    n_warnings: int
    n_warned: int
    n_ran_out: int
    median_days: int | None
    is_thin: bool
    is_capped: bool = False


def backtest_account(
    credit: CreditAccount, *, percent: int, amount: Decimal | None, days: int | None, today: date
) -> BackTest:
    """These lines over the last six months of one account the caller may see. `today` in UTC+8, as the records."""
    return _backtest([credit.pk], percent=percent, amount=amount, days=days, today=today)


def backtest_partner(actor: Actor, *, percent: int, amount: Decimal | None, days: int | None, today: date) -> BackTest:
    """The same for all of a partner's accounts with money of their own, whatever their rules are; at most the
    `MOST_ACCOUNTS` with the largest quotas."""
    require(actor, Permission.QUOTA_VIEW)
    own = CreditAccount.objects.visible_to(actor).filter(partner_id=actor.partner_pk)
    own = own.filter(account__trustee__isnull=True, account__relationship__in=LIVE).order_by("-amount", "-pk")
    pks = list(own.values_list("pk", flat=True)[: MOST_ACCOUNTS + 1])
    is_capped = len(pks) > MOST_ACCOUNTS
    return _backtest(pks[:MOST_ACCOUNTS], percent=percent, amount=amount, days=days, today=today, is_capped=is_capped)


def _backtest(
    pks: Sequence[int],
    *,
    percent: int,
    amount: Decimal | None,
    days: int | None,
    today: date,
    is_capped: bool = False,
) -> BackTest:
    since = today - timedelta(days=DAYS_BACK)
    with connection.cursor() as cursor:
        cursor.execute(
            _BACKTEST, {"pks": list(pks), "since": since, "percent": percent, "amount": amount, "days": days}
        )
        n_warnings, n_warned, n_ran_out, median, n_days, n_accounts = cursor.fetchone()
    return BackTest(
        since=since,
        n_accounts=n_accounts,
        n_warnings=n_warnings,
        n_warned=n_warned,
        n_ran_out=n_ran_out,
        median_days=median,
        is_thin=n_days < ENOUGH_DAYS,
        is_capped=is_capped,
    )
