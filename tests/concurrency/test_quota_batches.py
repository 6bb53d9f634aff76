"""Many quotas from many sides at once: eight workers, people who edit meanwhile, two batches of the same accounts."""

from __future__ import annotations

import io
import uuid
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.db import transaction
from django.db.models import Sum

from partner_console.access.actor import system_actor
from partner_console.errors import Conflict
from quota import locks, verify
from quota.models import CreditAccount, LedgerEntry, QuotaBatch, QuotaBatchRow
from quota.models.quota_batch import QuotaBatchState, QuotaRowOutcome
from quota.services import batches, edit_quota, edits
from quota.services.batches import running
from quota.states import EntryKind
from tests.factories import make_account, make_partner
from tests.quota.batch_support import csv_of
from tests.support.races import run_together

if TYPE_CHECKING:
    from partner_console.access.actor import Actor

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]

D = Decimal
EIGHT, ACCOUNTS = 8, 12
UIDS = [str(1_792_155_717_328_011 + 7 * n) for n in range(ACCOUNTS)]


@pytest.fixture
def actor() -> Actor:
    partner = make_partner()
    for uid in UIDS:
        make_account(partner, uid, quota=D(100))
    return system_actor("test", partner=partner)


def ready(actor: Actor, change: str) -> QuotaBatch:
    content = csv_of(*[(uid, change) for uid in UIDS], headers=("UID", "Add or subtract"))
    batch = batches.upload(actor=actor, file=io.BytesIO(content), file_name="quotas.csv")
    return batches.start(actor=actor, batch_pk=batch.pk, reason="race", accept_repeat=True, in_background=False)


def drifts() -> list[verify.Drift]:
    return [drift for checked in verify.verify() for drift in checked.drifts]


def adjusted() -> int:
    return LedgerEntry.objects.filter(kind=EntryKind.QUOTA_ADJUST).count()


def test_eight_workers_change_each_quota_once(actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "AT_ONCE", 2)
    batch = ready(actor, "10")

    assert run_together(EIGHT, lambda _n: batches.run_batch(batch_pk=batch.pk)) == [None] * EIGHT

    batch.refresh_from_db()
    assert (batch.state, adjusted()) == (QuotaBatchState.DONE, ACCOUNTS)
    assert CreditAccount.objects.aggregate(sum=Sum("amount"))["sum"] == D(110) * ACCOUNTS
    assert drifts() == []


def test_without_the_claim_and_the_key_each_would_do_it_again(actor: Actor) -> None:
    """The negative control: workers that do not ask whose the batch is, nor whether a row's entry is there."""
    ready(actor, "10")
    pks = list(CreditAccount.objects.order_by("pk").values_list("pk", flat=True))

    def careless(_n: int) -> None:
        for pk in pks:
            with transaction.atomic():
                credit = locks.lock_credit(actor, pk)
                edits.set_total(
                    actor=actor, credit=credit, amount=credit.amount + 10, reason="race", operation_id=uuid.uuid4()
                )

    assert run_together(EIGHT, careless) == [None] * EIGHT

    assert CreditAccount.objects.aggregate(sum=Sum("amount"))["sum"] == D(180) * ACCOUNTS


def test_two_batches_over_the_same_accounts_never_overwrite_each_other(
    actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "AT_ONCE", 2)
    both = [ready(actor, "10"), ready(actor, "1000")]

    assert run_together(2, lambda n: batches.run_batch(batch_pk=both[n].pk)) == [None] * 2

    done = QuotaBatchRow.objects.filter(outcome=QuotaRowOutcome.DONE)
    assert (done.count(), adjusted()) == (ACCOUNTS, ACCOUNTS), "the second finds another total than its check"
    assert set(CreditAccount.objects.values_list("amount", flat=True)) <= {D(110), D(1100)}
    assert drifts() == []


def test_people_who_edit_beside_a_run_lose_nothing(actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "AT_ONCE", 2)
    batch = ready(actor, "10")
    pks = list(CreditAccount.objects.order_by("pk").values_list("pk", flat=True))

    def work(n: int) -> None:
        if n == 0:
            batches.run_batch(batch_pk=batch.pk)
            return
        edit_quota(actor=actor, account_pk=pks[-n], version=1, amount=D(500), reason="by hand")

    outcomes = run_together(5, work)

    edited = sum(outcome is None for outcome in outcomes[1:])
    assert all(outcome is None or isinstance(outcome, Conflict) for outcome in outcomes)
    assert QuotaBatchRow.objects.filter(outcome=QuotaRowOutcome.DONE).count() == ACCOUNTS - edited
    assert CreditAccount.objects.filter(amount=D(500)).count() == edited
    assert drifts() == []


def test_a_batch_is_started_once_however_often_the_form_is_sent(actor: Actor) -> None:
    content = csv_of((UIDS[0], "200"))
    batch = batches.upload(actor=actor, file=io.BytesIO(content), file_name="quotas.csv")

    outcomes = run_together(
        EIGHT, lambda _n: batches.start(actor=actor, batch_pk=batch.pk, reason="race", in_background=False)
    )

    assert sorted(type(one).__name__ for one in outcomes) == [*["Conflict"] * 7, "NoneType"]


def test_rows_not_done_are_taken_up_once(actor: Actor) -> None:
    content = csv_of((UIDS[0], "-500"), headers=("UID", "Add or subtract"))
    batch = batches.upload(actor=actor, file=io.BytesIO(content), file_name="quotas.csv")
    batches.cancel(actor=actor, batch_pk=batch.pk)

    run_together(EIGHT, lambda _n: batches.again(actor=actor, batch_pk=batch.pk))

    assert QuotaBatch.objects.count() == 2
