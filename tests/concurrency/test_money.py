"""The same money from many sides at once: a form sent eight times, eight sweepers, a sweeper and a person."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone
from post_office.models import Email

from partner_console.access.actor import system_actor
from partner_console.cloud.models import CloudCommand, CommandState, Operation
from quota import verify
from quota.errors import NoBoostInForce
from quota.models import Boost, CreditAccount, LedgerEntry
from quota.services import boosts, edits, money, refused
from quota.states import EntryKind
from tests.factories import make_account, make_partner
from tests.quota.support import move
from tests.support.races import run_together
from uids.errors import StaleVersion

if TYPE_CHECKING:
    from uids.models import LinkedAccount

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]

D = Decimal
WORKER = system_actor("test")
EIGHT = 8


def make() -> LinkedAccount:
    account = make_account(make_partner(alert_recipients=["alerts@acme.example"]), "1792155717328010", quota=D(1000))
    move(account, EntryKind.SETTLE, deducted="400")
    return account


def boosted() -> LinkedAccount:
    account = make()
    until = timezone.now() + timedelta(days=2)
    boosts.start_boost(actor=WORKER, account_pk=account.pk, version=1, amount=D(500), until=until, reason="campaign")
    return account


def drifts() -> list[verify.Drift]:
    return [drift for checked in verify.verify() for drift in checked.drifts]


def test_a_write_off_sent_eight_times_is_one() -> None:
    account = make()

    outcomes = run_together(
        EIGHT,
        lambda _n: money.write_off(actor=WORKER, account_pk=account.pk, version=1, amount=D(100), reason="paid"),
    )

    assert sorted(type(one).__name__ for one in outcomes) == ["NoneType", *["StaleVersion"] * 7]
    assert CreditAccount.objects.get().deducted == D(300)
    assert CloudCommand.objects.filter(operation=Operation.WRITE_OFF).count() == 1
    assert drifts() == []


def test_eight_sweepers_end_a_boost_once() -> None:
    boosted()
    Boost.objects.update(until=timezone.now() - timedelta(minutes=1))

    outcomes = run_together(EIGHT, lambda _n: boosts.sweep())

    assert outcomes == [None] * EIGHT
    assert CreditAccount.objects.get().amount == D(1000)
    assert LedgerEntry.objects.filter(kind=EntryKind.QUOTA_ADJUST).count() == 2
    assert drifts() == []


def test_eight_sweepers_remind_once() -> None:
    boosted()
    now = timezone.now()
    Boost.objects.update(until=now + timedelta(hours=5), started_at=now - timedelta(days=3))

    run_together(EIGHT, lambda _n: boosts.sweep())

    assert Email.objects.filter(subject__startswith="Temporary boost").count() == 1


def test_a_sweeper_and_people_end_a_boost_once_whatever_is_edited() -> None:
    account = boosted()
    Boost.objects.update(until=timezone.now() - timedelta(minutes=1))

    def work(number: int) -> None:
        if number == 0:
            edits.edit_quota(actor=WORKER, account_pk=account.pk, version=2, amount=D(700), reason="less")
        elif number % 2:
            boosts.sweep()
        else:
            boosts.end_boost(actor=WORKER, account_pk=account.pk, reason="over")

    outcomes = run_together(EIGHT, work)

    assert all(one is None or isinstance(one, NoBoostInForce | StaleVersion) for one in outcomes)
    assert Boost.objects.get().returned == D(500)
    assert CreditAccount.objects.get().amount == (D(1000) if outcomes[0] else D(200))
    assert drifts() == []


def test_a_refusal_is_taken_back_once() -> None:
    account = make()
    money.refund(actor=WORKER, account_pk=account.pk, version=1, amount=D(50), reason="agreed")
    CloudCommand.objects.update(state=CommandState.REFUSED, vendor_code="3040", finished_at=timezone.now())

    outcomes = run_together(EIGHT, lambda _n: refused.take_back_refused(actor=WORKER, partner=account.partner))

    assert outcomes == [None] * EIGHT
    assert CreditAccount.objects.get().deducted == D(400)
    assert Email.objects.filter(subject__startswith="Refused by the cloud").count() == 1
    assert drifts() == []
