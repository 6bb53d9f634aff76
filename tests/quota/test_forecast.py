"""Run-out dates: a range from the fastest to the slowest pace seen, and nothing when too little was seen."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from quota.models import CreditAccount, DailyFlow
from quota.selectors.forecast import Forecast, get_forecast, get_until, list_forecasts, quota_to_last_until
from tests.factories import make_account

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from partner_console.access.models import Partner

D = Decimal
TODAY = date(2026, 7, 31)


@pytest.fixture(autouse=True)
def at_noon() -> Iterator[None]:
    with time_machine.travel("2026-07-31T04:00:00Z", tick=False):
        yield


def make_credit(partner: Partner, available: str, uses: Sequence[str]) -> CreditAccount:
    """An account with this left that used so much yesterday, the day before, and so on."""
    account = make_account(partner, quota=D(available))
    for ago, use in enumerate(uses, start=1):
        make_flow(account.pk, partner, ago, use)
    return CreditAccount.objects.get(pk=account.pk)


def make_flow(pk: int, partner: Partner, ago: int, use: str) -> None:
    nothing = dict.fromkeys(("quota", "settled", "refunded", "written_off", "synced"), D(0))
    DailyFlow.objects.create(credit_id=pk, partner=partner, day=TODAY - timedelta(days=ago), used=D(use), **nothing)


def forecast_of(partner: Partner, available: str, uses: Sequence[str]) -> Forecast:
    found = get_forecast(make_credit(partner, available, uses))
    assert found is not None
    return found


def test_a_steady_pace_gives_one_day(acme: Partner) -> None:
    forecast = forecast_of(acme, "100", ["10"] * 30)

    assert (forecast.earliest, forecast.latest) == (date(2026, 8, 10), date(2026, 8, 10))
    assert forecast.is_one_day
    assert (forecast.days, forecast.days_left) == (30, 10)


def test_busy_and_quiet_weeks_are_the_ends_of_the_range(acme: Partner) -> None:
    forecast = forecast_of(acme, "100", ["20"] * 7 + ["5"] * 7 + ["10"] * 16)

    assert (forecast.fastest, forecast.slowest) == (D(20), D(5))
    assert (forecast.earliest, forecast.latest) == (date(2026, 8, 5), date(2026, 8, 20))
    assert forecast.slowest < forecast.average < forecast.fastest


@pytest.mark.parametrize("uses", [[], ["10"] * 6, ["0"] * 24 + ["10"] * 6, ["0"] * 30 + ["10"] * 30])
def test_too_little_use_gives_no_date(acme: Partner, uses: list[str]) -> None:
    credit = make_credit(acme, "100", uses)

    assert get_forecast(credit) is None
    assert quota_to_last_until(credit, TODAY) is None


def test_seven_days_are_enough_and_older_ones_do_not_count(acme: Partner) -> None:
    assert forecast_of(acme, "100", ["10"] * 7).days == 7
    assert forecast_of(acme, "100", ["10"] * 7 + ["0"] * 23 + ["999"] * 5).fastest == 10


def test_what_is_used_today_does_not_count_yet(acme: Partner) -> None:
    credit = make_credit(acme, "100", ["10"] * 10)
    make_flow(credit.pk, acme, 0, "90")

    forecast = get_forecast(credit)

    assert forecast is not None
    assert forecast.fastest == 10


def test_two_quiet_years_are_no_date(acme: Partner) -> None:
    far = forecast_of(acme, "1000000000000000", ["0.000001"] * 30)
    half = forecast_of(acme, "7000", ["10"] * 7 + ["1"] * 23)

    assert far.is_far
    assert (far.earliest, far.latest) == (None, None)
    assert half.earliest == TODAY + timedelta(days=700)
    assert half.latest is None


@pytest.mark.parametrize("available", ["0", "5"])
def test_nothing_left_or_less_than_a_day(acme: Partner, available: str) -> None:
    forecast = forecast_of(acme, available, ["10"] * 30)

    assert forecast.earliest == TODAY
    assert forecast.is_over is (available == "0")


def test_to_last_through_a_day_takes_the_whole_day(acme: Partner) -> None:
    credit = make_credit(acme, "100", ["10"] * 30)

    assert quota_to_last_until(credit, TODAY) == 10
    assert quota_to_last_until(credit, date(2026, 8, 9)) == 100
    assert quota_to_last_until(credit, date(2026, 8, 10)) == 110
    assert quota_to_last_until(credit, date(2026, 1, 1)) == 10


def test_the_total_is_rounded_up_and_counts_what_is_consumed(acme: Partner) -> None:
    credit = make_credit(acme, "100", ["0.001"] * 30)
    credit.deducted, credit.undeducted = D(50), D("-20")

    assert quota_to_last_until(credit, TODAY) == D("30.01")
    credit.deducted = D(-300)
    assert quota_to_last_until(credit, TODAY) == 0


def test_until_the_end_of_next_month_unless_asked(acme: Partner) -> None:
    credit = make_credit(acme, "100", ["20"] * 7 + ["10"] * 23)
    forecast = get_forecast(credit)
    assert forecast is not None

    until = get_until(credit, forecast, None)
    soon = get_until(credit, forecast, date(2026, 8, 1))

    assert until.day == date(2026, 8, 31)
    assert (until.needed, until.needed_if_busy) == (D("394.67"), D("640.00"))
    assert until.difference == D("294.67")
    assert (until.is_enough, soon.is_enough) == (False, True)


def test_many_cost_what_one_costs(acme: Partner) -> None:
    credits = [make_credit(acme, "100", ["10"] * 10) for _ in range(5)]

    with CaptureQueriesContext(connection) as queries:
        found = list_forecasts(credits)

    assert len(queries) == 2
    assert all(forecast and forecast.average == 10 for forecast in found.values())
