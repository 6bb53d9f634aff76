"""The ledger summed up by day: exact, idempotent, and complete whatever order entries become visible in."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.core.management import call_command
from django.db import transaction

from partner_console.access.actor import system_actor
from quota import tasks
from quota.locks import lock_credit
from quota.models import CreditAccount, DailyFlow, RollUp
from quota.services import ledger, open_credit, rollup
from quota.services.ledger import Movement
from quota.states import Bucket, EntryKind
from tests.factories import make_account

if TYPE_CHECKING:
    from collections.abc import Iterator

    from partner_console.access.models import Partner
    from uids.models import LinkedAccount

D = Decimal
NOW = datetime(2026, 7, 31, 4, 0, tzinfo=UTC)  # noon in UTC+8
TODAY = date(2026, 7, 31)
ACTOR = system_actor("test")


def make_credit(partner: Partner, *, quota: str = "1000", days_ago: int = 60) -> LinkedAccount:
    account = make_account(partner)
    at = NOW - timedelta(days=days_ago)
    open_credit(actor=ACTOR, account=account, amount=D(quota), warning_percent=20, at=at)
    return account


@transaction.atomic
def post(account: LinkedAccount, *movements: Movement) -> None:
    ledger.post_all(actor=ACTOR, credit=lock_credit(ACTOR, account.pk), movements=movements)


def used(amount: str, *, days_ago: int = 0, hours: int = 0) -> Movement:
    at = NOW - timedelta(days=days_ago, hours=hours)
    return Movement(EntryKind.USAGE, undeducted=D(amount), at=at)


def flows(account: LinkedAccount) -> list[tuple[date, str]]:
    rows = DailyFlow.objects.filter(credit=account.pk).order_by("day")
    return [(row.day, f"{row.used:f}") for row in rows]


def daily_use(account: LinkedAccount) -> Decimal:
    return CreditAccount.objects.get(pk=account.pk).daily_use


@pytest.fixture(autouse=True)
def at_noon() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def test_a_day_holds_every_kind_under_its_name(acme: Partner) -> None:
    account = make_credit(acme)
    post(
        account,
        used("100.000001"),
        used("0.5"),
        Movement(EntryKind.SETTLE, deducted=D(60), undeducted=D(-60)),
        Movement(EntryKind.WRITE_OFF, deducted=D(-40)),
        Movement(EntryKind.REFUND, deducted=D(-30)),
        Movement(EntryKind.QUOTA_ADJUST, amount=D("-250.5")),
        Movement(EntryKind.SYNC, amount=D(50), bucket=Bucket.AMOUNT),
        Movement(EntryKind.SYNC, undeducted=D(7)),
    )

    rollup.roll_up()

    flow = DailyFlow.objects.get(credit=account.pk, day=TODAY)
    assert (flow.used, flow.settled, flow.written_off, flow.refunded) == (D("100.500001"), D(60), D(40), D(30))
    assert (flow.quota, flow.synced) == (D("-200.50"), D(7))
    assert DailyFlow.objects.get(credit=account.pk, day=date(2026, 6, 1)).quota == 1000


def test_flows_add_up_to_the_balance(acme: Partner) -> None:
    account = make_credit(acme)
    for day in range(40, -1, -1):
        post(account, used(f"{day}.000003", days_ago=day), Movement(EntryKind.REFUND, deducted=D("-0.7")))

    rollup.roll_up()

    credit = CreditAccount.objects.get(pk=account.pk)
    rows = DailyFlow.objects.filter(credit=account.pk)
    assert sum(row.quota for row in rows) == credit.amount
    consumed = sum(row.used - row.refunded - row.written_off + row.synced for row in rows)
    assert consumed == credit.deducted + credit.undeducted


def test_days_begin_at_midnight_in_utc_plus_8(acme: Partner) -> None:
    account = make_credit(acme)
    last_second = Movement(EntryKind.USAGE, undeducted=D(1), at=datetime(2026, 7, 30, 15, 59, 59, 999999, tzinfo=UTC))
    first = Movement(EntryKind.USAGE, undeducted=D(2), at=datetime(2026, 7, 30, 16, 0, tzinfo=UTC))
    post(account, last_second, first)

    rollup.roll_up()

    assert flows(account)[1:] == [(date(2026, 7, 30), "1.000000"), (TODAY, "2.000000")]


def test_again_writes_nothing_and_late_entries_find_their_day(acme: Partner) -> None:
    account = make_credit(acme)
    post(account, used("1", days_ago=20), used("2"))

    assert rollup.roll_up() == 3
    assert rollup.roll_up() == 0
    post(account, used("5", days_ago=20))

    assert rollup.roll_up() == 1
    assert flows(account)[1:] == [(date(2026, 7, 11), "6.000000"), (TODAY, "2.000000")]


def test_an_entry_committed_after_younger_ones_is_found(acme: Partner, at_noon: time_machine.Traveller) -> None:
    """Numbers are given before the commit: for an hour the end that was seen is not believed."""
    account = make_credit(acme)
    late = DailyFlow.objects.filter(credit=account.pk)
    rollup.roll_up()
    assert late.exists()
    late.delete()  # as if its entry had not been visible yet

    at_noon.shift(timedelta(minutes=59))
    rollup.roll_up()

    assert late.exists()
    assert RollUp.objects.get().mark == 0


def test_what_is_settled_is_not_read_again(acme: Partner, at_noon: time_machine.Traveller) -> None:
    account = make_credit(acme)
    rollup.roll_up()
    at_noon.shift(timedelta(minutes=61))
    rollup.roll_up()
    DailyFlow.objects.all().delete()

    assert rollup.roll_up() == 0

    call_command("roll_up", "--all")
    assert len(flows(account)) == 1


def test_small_steps_come_to_the_same(acme: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollup, "STEP", 2)
    monkeypatch.setattr(rollup, "ACCOUNTS", 1)
    accounts = [make_credit(acme) for _ in range(3)]
    for account in accounts:
        post(account, *(used("3", days_ago=day) for day in range(12, 0, -1)))

    tasks.roll_up()

    assert [len(flows(account)) for account in accounts] == [13, 13, 13]
    assert [daily_use(account) for account in accounts] == [D("1.2")] * 3


@pytest.mark.parametrize(
    ("days_ago", "days_used", "expected"),
    [
        (60, range(1, 31), "10.000000"),
        (60, range(1, 11), "3.333333"),  # days without use count
        (10, range(1, 11), "10.000000"),  # days before the first record do not
        (60, range(31, 61), "0.000000"),
        (60, range(1, 7), "0.000000"),  # six days of use are no pace
        (60, range(7), "0.000000"),  # today is not over
    ],
)
def test_daily_use_is_of_the_last_thirty_whole_days(
    acme: Partner, days_ago: int, days_used: range, expected: str
) -> None:
    account = make_credit(acme, days_ago=days_ago)
    post(account, *(used("10", days_ago=day) for day in reversed(days_used)))

    rollup.roll_up()

    assert daily_use(account) == D(expected)


def test_daily_use_follows_the_calendar_and_late_entries(acme: Partner, at_noon: time_machine.Traveller) -> None:
    account = make_credit(acme)
    post(account, *(used("30", days_ago=day) for day in range(8, 0, -1)))
    rollup.roll_up()
    assert daily_use(account) == 8

    post(account, used("30", days_ago=9))
    rollup.roll_up()
    assert daily_use(account) == 9

    at_noon.shift(timedelta(days=23))
    rollup.roll_up()
    assert daily_use(account) == 7

    at_noon.shift(timedelta(days=1))
    rollup.roll_up()
    assert daily_use(account) == 0


def test_an_account_opened_today_has_no_pace_yet(acme: Partner) -> None:
    account = make_credit(acme, days_ago=0)
    post(account, used("5"))

    rollup.roll_up()

    assert daily_use(account) == 0
