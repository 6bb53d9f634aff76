"""When a quota runs out if it goes on as in the last days, and what it takes to last until a day (design §6.7).

A pace is what is used on an average day of whole days before today. The last thirty give one, each whole week among
them another: the date is a range from the fastest to the slowest of these.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_UP, Decimal
from typing import TYPE_CHECKING

from django.db.models import Min
from django.utils import timezone

from partner_console.money import QUOTA_PLACES, ZERO
from quota.days import THIN_DAYS, USE_DAYS, record_day
from quota.models import DailyFlow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from quota.models import CreditAccount

FAR_DAYS = 730  # a date beyond two years says nothing
WEEK = 7


@dataclass(frozen=True, slots=True)
class Forecast:
    """Days are in UTC+8. `earliest` and `latest` are the days on which nothing is left; None: not within two years.

    `average`, `fastest` and `slowest` are amounts a day, in the partner's currency; `days` is how many were looked at.
    """

    today: date
    days: int
    average: Decimal
    fastest: Decimal
    slowest: Decimal
    earliest: date | None
    latest: date | None
    is_over: bool  # nothing is left now

    @property
    def is_far(self) -> bool:
        """Not even at the fastest pace within two years."""
        return self.earliest is None

    @property
    def is_one_day(self) -> bool:
        return self.earliest == self.latest

    @property
    def days_left(self) -> int | None:
        """From today to the earliest day."""
        return (self.earliest - self.today).days if self.earliest else None


@dataclass(frozen=True, slots=True)
class Until:
    """What the quota must be to last through `day`: at the average pace, and at that of the busiest week."""

    day: date
    quota: Decimal
    needed: Decimal
    needed_if_busy: Decimal

    @property
    def difference(self) -> Decimal:
        return self.needed - self.quota

    @property
    def is_enough(self) -> bool:
        """The quota there is lasts that long already."""
        return self.needed <= self.quota


def get_forecast(credit: CreditAccount) -> Forecast | None:
    """The forecast of one account; None when it was used on fewer than seven of the last thirty days."""
    return list_forecasts([credit])[credit.pk]


def list_forecasts(credits: Sequence[CreditAccount]) -> dict[int, Forecast | None]:
    """Forecasts of several accounts the caller may see, by their pk, in two statements."""
    today = record_day(timezone.now())
    pks = [credit.pk for credit in credits]
    flows = DailyFlow.objects.filter(credit_id__in=pks)
    recent = flows.filter(day__gte=today - timedelta(days=USE_DAYS), day__lt=today)
    used: dict[int, dict[int, Decimal]] = {pk: {} for pk in pks}
    for pk, day, amount in recent.values_list("credit_id", "day", "used"):
        used[pk][(today - day).days] = amount
    since = dict(flows.values_list("credit_id").annotate(Min("day")).order_by())
    return {
        credit.pk: _forecast(credit.available, _days(used[credit.pk], since.get(credit.pk, today), today), today)
        for credit in credits
    }


def quota_to_last_until(credit: CreditAccount, day: date) -> Decimal | None:
    """The total with which something is left when `day` ends, at the average pace; None when there is no pace.

    Rounded up to 2 places, never below 0. A day that is past needs what today needs.
    """
    forecast = get_forecast(credit)
    return _needed(credit, forecast, forecast.average, day) if forecast else None


def get_until(credit: CreditAccount, forecast: Forecast, day: date | None) -> Until:
    """The same as a sentence needs it; by default for the end of the next month."""
    day = day or _end_of_next_month(forecast.today)
    needed = _needed(credit, forecast, forecast.average, day)
    return Until(day, credit.amount, needed, _needed(credit, forecast, forecast.fastest, day))


def _needed(credit: CreditAccount, forecast: Forecast, pace: Decimal, day: date) -> Decimal:
    days = max((day - forecast.today).days, 0) + 1
    needed = credit.deducted + credit.undeducted + pace * days
    return max(needed, ZERO).quantize(QUOTA_PLACES, rounding=ROUND_UP)


def _end_of_next_month(today: date) -> date:
    after = (today.replace(day=1) + timedelta(days=62)).replace(day=1)
    return after - timedelta(days=1)


def _days(used: dict[int, Decimal], since: date, today: date) -> list[Decimal]:
    """Use of each whole day from yesterday back to the first record, thirty at most."""
    return [used.get(ago, ZERO) for ago in range(1, min(USE_DAYS, (today - since).days) + 1)]


def _forecast(available: Decimal, days: list[Decimal], today: date) -> Forecast | None:
    if sum(amount > 0 for amount in days) < THIN_DAYS:
        return None
    weeks = [days[start : start + WEEK] for start in range(0, len(days) - WEEK + 1, WEEK)]
    average = _pace(days)
    paces = [average, *(_pace(week) for week in weeks)]
    return Forecast(
        today=today,
        days=len(days),
        average=average,
        fastest=max(paces),
        slowest=min(paces),
        earliest=_empty_on(available, max(paces), today),
        latest=_empty_on(available, min(paces), today),
        is_over=available <= 0,
    )


def _pace(amounts: Iterable[Decimal]) -> Decimal:
    found = list(amounts)
    return sum(found, ZERO) / len(found)


def _empty_on(available: Decimal, pace: Decimal, today: date) -> date | None:
    """The day on which what is there is used up; today when nothing is."""
    if available <= 0:
        return today
    if pace <= 0 or available / pace > FAR_DAYS:
        return None
    return today + timedelta(days=int(available / pace))
