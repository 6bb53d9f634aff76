"""Many writers at once: nothing is lost, nothing happens twice. The first test shows what the lock is for."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from post_office.models import Email

from linking import locks as linking_locks
from partner_console.access.actor import system_actor
from partner_console.cloud.port import Credit
from quota import locks, services, verify
from quota.models import CreditAccount, LedgerEntry, Warning
from quota.services import alarms, intake, ledger
from quota.services.intake import UsageEvent
from quota.services.ledger import Movement
from quota.states import EntryKind
from tests.factories import make_account, make_partner
from tests.support.races import run_together
from uids.errors import NotLive, StaleVersion
from uids.models import LinkedAccount
from uids.states import Relationship

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]

D = Decimal
WORKER = system_actor("test")
WRITERS = 8
CRUMB = D("0.000001")


def make_credit(amount: int = 1000) -> CreditAccount:
    partner = make_partner(alert_recipients=["alerts@acme.example"])
    credit: CreditAccount = make_account(partner, quota=D(amount)).credit
    return credit


@transaction.atomic
def use(credit_pk: int, value: Decimal = CRUMB, key: str | None = None) -> None:
    locked = locks.lock_credit(WORKER, credit_pk)
    ledger.post(actor=WORKER, credit=locked, movement=Movement(EntryKind.USAGE, undeducted=value, key=key))


def drifts() -> list[verify.Drift]:
    return [drift for checked in verify.verify() for drift in checked.drifts]


def test_without_the_lock_writers_lose(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: everybody reads before anybody writes. The constraint turns lost money into an error."""
    credit = make_credit()
    everybody_has_read = threading.Barrier(WRITERS, timeout=30)
    lock_credit = locks.lock_credit

    def read_only(*args: Any) -> locks.LockedCredit:
        found = lock_credit(*args)
        everybody_has_read.wait()
        return found

    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **options: self)
    monkeypatch.setattr(locks, "lock_credit", read_only)

    outcomes = run_together(WRITERS, lambda number: use(credit.pk, D(1)))

    credit.refresh_from_db()
    assert credit.undeducted == D(1)
    assert [type(error) for error in outcomes if error] == [IntegrityError] * (WRITERS - 1)


def test_writers_on_one_account_lose_nothing() -> None:
    credit = make_credit()

    outcomes = run_together(WRITERS, lambda number: [use(credit.pk) for _ in range(10)])

    credit.refresh_from_db()
    assert outcomes == [None] * WRITERS
    assert credit.undeducted == D("0.000080")
    assert credit.last_seq == LedgerEntry.objects.filter(credit=credit).count() == 81
    assert drifts() == []


def test_writers_on_many_accounts_lose_nothing() -> None:
    pks = [make_credit().pk for _ in range(4)]

    def spread(number: int) -> None:
        for turn in range(8):
            use(pks[(number + turn) % len(pks)])

    outcomes = run_together(WRITERS, spread)

    assert outcomes == [None] * WRITERS
    assert list(CreditAccount.objects.values_list("undeducted", flat=True)) == [D("0.000016")] * 4
    assert drifts() == []


def test_the_same_key_from_all_sides_posts_once() -> None:
    credit = make_credit()

    outcomes = run_together(WRITERS, lambda number: use(credit.pk, D(5), key="bill-1"))

    credit.refresh_from_db()
    assert outcomes == [None] * WRITERS
    assert credit.undeducted == D(5)


def test_of_editors_with_the_same_page_open_one_wins() -> None:
    credit = make_credit()

    def edit(number: int) -> None:
        services.edit_quota(actor=WORKER, account_pk=credit.pk, version=1, amount=D(2000 + number), reason="raised")

    outcomes = run_together(WRITERS, edit)

    credit.refresh_from_db()
    winner = outcomes.index(None)
    assert credit.amount == D(2000 + winner)
    assert sum(isinstance(error, StaleVersion) for error in outcomes) == WRITERS - 1
    assert LedgerEntry.objects.filter(credit=credit, kind=EntryKind.QUOTA_ADJUST).count() == 1


def test_one_crossing_noticed_by_everybody_is_one_warning_and_one_mail() -> None:
    credit = make_credit(100)

    def cross(number: int) -> None:
        use(credit.pk, D(90) if number == 0 else D("0.01"))
        alarms.sweep_due(actor=WORKER)
        for warning in Warning.objects.all():
            services.send_warning(actor=WORKER, warning_pk=warning.pk)

    outcomes = run_together(WRITERS, cross)

    assert outcomes == [None] * WRITERS
    assert Warning.objects.get().mailed_at is not None
    assert [email.to for email in Email.objects.all()] == [["alerts@acme.example"]]


def test_the_same_reading_applied_from_all_sides_counts_once() -> None:
    credit = make_credit()
    reading = Credit(
        uid=credit.account.uid,
        amount=D(1000),
        deducted=D("3.5"),
        undeducted=D("12.25"),
        warning_percent=20,
        payg_frozen=False,
        purchase_control="normal",
        shutdown_policy="immediatelyStop",
        as_of=datetime(2030, 1, 1, tzinfo=UTC),
    )

    outcomes = run_together(WRITERS, lambda number: services.apply_credit_figures(actor=WORKER, credit=reading))

    credit.refresh_from_db()
    assert outcomes == [None] * WRITERS
    assert (credit.deducted, credit.undeducted) == (D("3.5"), D("12.25"))
    assert LedgerEntry.objects.filter(credit=credit).count() == 3
    assert drifts() == []


def test_the_same_batch_from_all_sides_is_taken_once_in_whatever_order() -> None:
    accounts = [make_credit().account for _ in range(6)]
    events = [
        UsageEvent(account.uid, "usage", D("1.5"), f"{turn}", datetime(2026, 3, 1, tzinfo=UTC))
        for turn in range(5)
        for account in accounts
    ]

    def deliver(number: int) -> None:
        intake.take_in(actor=WORKER, events=events[number:] + events[:number])

    outcomes = run_together(WRITERS, deliver)

    assert outcomes == [None] * WRITERS
    assert list(CreditAccount.objects.values_list("undeducted", flat=True)) == [D("7.5")] * 6
    assert LedgerEntry.objects.filter(kind=EntryKind.USAGE).count() == 30
    assert drifts() == []


def test_single_events_and_batches_on_the_same_accounts_lose_nothing() -> None:
    uids = [make_credit().account.uid for _ in range(3)]

    def deliver(number: int) -> None:
        at = datetime(2026, 3, 1, tzinfo=UTC)
        for turn in range(6):
            many = uids if number % 2 else [uids[turn % 3]]
            intake.take_in(actor=WORKER, events=[UsageEvent(u, "usage", CRUMB, f"{number}-{turn}", at) for u in many])

    outcomes = run_together(WRITERS, deliver)

    assert outcomes == [None] * WRITERS
    assert sum(CreditAccount.objects.values_list("undeducted", flat=True)) == CRUMB * (4 * 6 * 3 + 4 * 6)
    assert drifts() == []


def test_no_edit_slips_in_while_the_relationship_ends_and_no_usage_waits_for_that() -> None:
    credit = make_credit()
    account, ending, used = credit.account, threading.Event(), threading.Event()

    def end(number: int) -> None:
        with transaction.atomic():
            linking_locks.lock_account(WORKER, account.pk)
            ending.set()
            assert used.wait(timeout=30)  # usage went through while the account is held
            LinkedAccount.objects.filter(pk=account.pk).update(relationship=Relationship.TERMINATED)

    def use_it(number: int) -> None:
        assert ending.wait(timeout=30)
        intake.take_in(
            actor=WORKER,
            events=[UsageEvent(account.uid, "usage", D(1), "k", datetime(2026, 3, 1, tzinfo=UTC))],
        )
        used.set()

    def edit(number: int) -> None:
        assert ending.wait(timeout=30)
        services.edit_quota(actor=WORKER, account_pk=account.pk, version=1, amount=D(5), reason="asked")

    outcomes = run_together(3, lambda number: (end, use_it, edit)[number](number))

    credit.refresh_from_db()
    assert [type(error) for error in outcomes if error] == [NotLive]
    assert (credit.amount, credit.undeducted) == (D(1000), D(1))
