"""Reads of the daily flows: what one account had and used, day by day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import F, Sum
from django.utils import timezone

from partner_console.access.policy import Permission, require
from partner_console.money import ZERO
from quota.days import record_day
from quota.models import DailyFlow, RollUp

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from partner_console.access.actor import Actor
    from quota.models import CreditAccount

WEEK = 7
DAILY = 30  # up to so many days are listed one by one, more of them by weeks


@dataclass(frozen=True, slots=True)
class Figures:
    """Where an account stood when a day (UTC+8) ended, and what was used since the one before it."""

    day: date
    quota: Decimal
    consumed: Decimal
    used: Decimal

    @property
    def available(self) -> Decimal:
        return self.quota - self.consumed


@dataclass(frozen=True, slots=True)
class History:
    """The last days of one account, oldest first; the last one is today, with the figures of this moment."""

    days: list[Figures]

    @property
    def today(self) -> Figures:
        return self.days[-1]

    @property
    def used(self) -> Decimal:
        return sum((figures.used for figures in self.days), ZERO)

    @property
    def steps(self) -> list[Figures]:
        """What a table shows, newest first: days, or weeks that end today when there are many."""
        if len(self.days) <= DAILY:
            return self.days[::-1]
        rows = []
        for end in range(len(self.days), 0, -WEEK):
            week = self.days[max(end - WEEK, 0) : end]
            used = sum((figures.used for figures in week), ZERO)
            rows.append(Figures(week[-1].day, week[-1].quota, week[-1].consumed, used))
        return rows

    @property
    def is_weekly(self) -> bool:
        return len(self.days) > DAILY


def get_history(actor: Actor, credit: CreditAccount, *, days: int) -> History | None:
    """The last `days` days with today; fewer for a younger account. None while there is nothing to go by.

    Figures of past days are sums of the flows up to them: exact to the last roll-up, some minutes ago.
    """
    require(actor, Permission.QUOTA_VIEW)
    today = record_day(timezone.now())
    first = today - timedelta(days=days - 1)
    flows = DailyFlow.objects.visible_to(actor).filter(credit_id=credit.pk)
    if not RollUp.objects.filter(filled_at__isnull=False).exists():
        return None
    moved = F("used") - F("refunded") - F("written_off") + F("synced")
    start = flows.filter(day__lt=first).aggregate(
        n=Sum(1), quota=Sum("quota", default=ZERO), consumed=Sum(moved, default=ZERO)
    )
    rows = {flow.day: flow for flow in flows.filter(day__gte=first, day__lte=today)}
    if not rows and start["n"] is None:
        return None
    if start["n"] is None:
        first = min(rows)
    return History(_fold(credit, rows, first, today, start["quota"], start["consumed"]))


def _fold(
    credit: CreditAccount, rows: dict[date, DailyFlow], first: date, today: date, quota: Decimal, consumed: Decimal
) -> list[Figures]:
    """Day after day from the balance before the first; today ends with what the account has now."""
    found = []
    for number in range((today - first).days + 1):
        day = first + timedelta(days=number)
        flow = rows.get(day)
        if flow is not None:
            quota += flow.quota
            consumed += flow.used - flow.refunded - flow.written_off + flow.synced
        found.append(Figures(day, quota, consumed, flow.used if flow is not None else ZERO))
    last = found.pop()
    return [*found, Figures(last.day, credit.amount, credit.deducted + credit.undeducted, last.used)]
