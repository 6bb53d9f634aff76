"""The ledger's writer: figures, order, chain, and what may happen once only."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from partner_console.access.actor import system_actor
from partner_console.audit.models import AppendOnly
from partner_console.errors import Conflict
from quota import locks
from quota.models import CreditAccount, LedgerEntry
from quota.services import ledger
from quota.services.ledger import Movement
from quota.states import Bucket, EntryKind
from tests.factories import make_account

if TYPE_CHECKING:
    from partner_console.access.models import Partner

D = Decimal
WORKER = system_actor("test")


@transaction.atomic
def post(credit: CreditAccount, kind: EntryKind, **fields: object) -> LedgerEntry:
    locked = locks.lock_credit(WORKER, credit.pk)
    return ledger.post(actor=WORKER, credit=locked, movement=Movement(kind, **fields))  # type: ignore[arg-type]


@pytest.fixture
def credit(acme: Partner) -> CreditAccount:
    credit: CreditAccount = make_account(acme, quota=D("1500")).credit
    return credit


def figures(credit: CreditAccount) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    credit = CreditAccount.objects.get(pk=credit.pk)
    return credit.amount, credit.deducted, credit.undeducted, credit.available


def test_write_off_restores_available_as_the_source_says(credit: CreditAccount) -> None:
    # acpn.md §6.3: deducted 500, available 1000, write-off of 300 → deducted 200, available 1300.
    post(credit, EntryKind.USAGE, undeducted=D("500"))
    post(credit, EntryKind.SETTLE, undeducted=D("-500"), deducted=D("500"))
    assert figures(credit) == (D("1500"), D("500"), D("0"), D("1000"))

    post(credit, EntryKind.WRITE_OFF, deducted=D("-300"))

    assert figures(credit) == (D("1500"), D("200"), D("0"), D("1300"))


def test_refund_may_bring_deducted_below_zero(credit: CreditAccount) -> None:
    # acpn.md §6.2: quota 1000, refund 300 → deducted −300, available 1300.
    post(credit, EntryKind.QUOTA_ADJUST, amount=D("-500"))

    entry = post(credit, EntryKind.REFUND, deducted=D("-300"))

    assert figures(credit) == (D("1000"), D("-300"), D("0"), D("1300"))
    assert (entry.before, entry.value, entry.after) == (D("0"), D("-300"), D("-300"))


def test_before_and_after_are_of_the_figure_the_entry_is_about(credit: CreditAccount) -> None:
    usage = post(credit, EntryKind.USAGE, undeducted=D("12.345678"))
    settle = post(credit, EntryKind.SETTLE, undeducted=D("-2"), deducted=D("2"))
    edit = post(credit, EntryKind.QUOTA_ADJUST, amount=D("0.01"))

    assert (usage.bucket, usage.before, usage.after) == (Bucket.UNDEDUCTED, D("0"), D("12.345678"))
    assert (settle.bucket, settle.before, settle.after) == (Bucket.DEDUCTED, D("0"), D("2"))
    assert (edit.bucket, edit.before, edit.after) == (Bucket.AMOUNT, D("1500"), D("1500.01"))


def test_seq_has_no_gaps_and_the_chain_links_every_entry(credit: CreditAccount) -> None:
    for cents in range(1, 6):
        post(credit, EntryKind.USAGE, undeducted=D(cents) / 100)

    entries = list(LedgerEntry.objects.filter(credit=credit).order_by("seq"))

    assert [entry.seq for entry in entries] == [1, 2, 3, 4, 5, 6]
    assert entries[0].previous_hash == ""
    assert [entry.previous_hash for entry in entries[1:]] == [entry.hash for entry in entries[:-1]]
    assert [ledger.digest(entry) for entry in entries] == [entry.hash for entry in entries]


@pytest.mark.parametrize("value", [D("1000000000000000"), D("0.000001"), D("999999999999999.999999")])
def test_no_digit_is_lost(credit: CreditAccount, value: Decimal) -> None:
    post(credit, EntryKind.USAGE, undeducted=value)

    assert figures(credit) == (D("1500"), D("0"), value, D("1500") - value)


def test_a_movement_that_would_be_rounded_is_refused() -> None:
    with pytest.raises(ValueError, match="does not round"):
        Movement(EntryKind.QUOTA_ADJUST, amount=D("0.001"))
    with pytest.raises(ValueError, match="does not round"):
        Movement(EntryKind.USAGE, undeducted=D("0.0000001"))


def test_the_same_key_posts_once(credit: CreditAccount) -> None:
    first = post(credit, EntryKind.USAGE, undeducted=D("5"), key="bill-1")

    again = post(credit, EntryKind.USAGE, undeducted=D("5"), key="bill-1")

    assert again.pk == first.pk
    assert figures(credit) == (D("1500"), D("0"), D("5"), D("1495"))


def test_the_same_key_for_something_else_is_a_conflict(credit: CreditAccount) -> None:
    post(credit, EntryKind.USAGE, undeducted=D("5"), key="bill-1")

    with pytest.raises(Conflict) as refusal:
        post(credit, EntryKind.USAGE, undeducted=D("6"), key="bill-1")

    assert refusal.value.code == "key_reused"
    assert figures(credit) == (D("1500"), D("0"), D("5"), D("1495"))
    assert LedgerEntry.objects.filter(credit=credit).count() == 2


def test_one_call_with_the_same_key_twice_posts_once(credit: CreditAccount) -> None:
    movement = Movement(EntryKind.USAGE, undeducted=D("5"), key="bill-1")

    with transaction.atomic():
        locked = locks.lock_credit(WORKER, credit.pk)
        entries = ledger.post_all(actor=WORKER, credit=locked, movements=[movement, movement])

    assert entries[0] is entries[1]
    assert figures(credit)[2] == D("5")


def test_keys_are_per_account(acme: Partner, credit: CreditAccount) -> None:
    other = make_account(acme, quota=D("10")).credit

    post(credit, EntryKind.USAGE, undeducted=D("5"), key="bill-1")
    post(other, EntryKind.USAGE, undeducted=D("7"), key="bill-1")

    assert figures(credit)[2] == D("5")
    assert figures(other)[2] == D("7")


def test_entries_cannot_be_changed_or_deleted(credit: CreditAccount) -> None:
    entry = LedgerEntry.objects.get(credit=credit)

    with pytest.raises(AppendOnly):
        entry.save()
    with pytest.raises(AppendOnly):
        entry.delete()
    with pytest.raises(AppendOnly):
        LedgerEntry.objects.filter(pk=entry.pk).update(value=0)


def test_the_lock_is_taken_before_the_write(credit: CreditAccount, django_assert_num_queries: object) -> None:
    with CaptureQueriesContext(connection) as queries:
        post(credit, EntryKind.USAGE, undeducted=D("5"))

    statements = [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]
    assert 'FOR NO KEY UPDATE OF "quota_creditaccount"' in statements[0]
    assert [sql.split()[0] for sql in statements] == ["SELECT", "WITH"]
