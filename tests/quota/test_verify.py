"""`verify_ledger` finds what was tampered with, and changes nothing."""

from __future__ import annotations

import io
import uuid
from decimal import Decimal
from typing import TYPE_CHECKING

import pgtrigger
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from partner_console.access.actor import system_actor
from quota import locks, verify
from quota.models import CreditAccount
from quota.services import ledger
from quota.services.ledger import Movement
from quota.states import EntryKind
from tests.factories import make_account
from uids.models import LinkedAccount
from uids.states import ShutdownPolicy

if TYPE_CHECKING:
    from partner_console.access.models import Partner

D = Decimal
WORKER = system_actor("test")
# What JSON escapes, what it does not, and what a careless serialisation would confuse.
AWKWARD = 'quote " backslash \\ tab \t newline \n bell \x07 delete \x7f 中文 日本語 🙂 </script> \u2028'


@pytest.fixture
def credit(acme: Partner) -> CreditAccount:
    credit: CreditAccount = make_account(acme, quota=D("1500")).credit
    with transaction.atomic():
        locked = locks.lock_credit(WORKER, credit.pk)
        ledger.post_all(
            actor=WORKER,
            credit=locked,
            movements=[
                Movement(EntryKind.USAGE, undeducted=D("0.000001"), reason=AWKWARD, key='k"1'),
                Movement(EntryKind.SETTLE, undeducted=D("-0.000001"), deducted=D("0.000001")),
                Movement(EntryKind.QUOTA_ADJUST, amount=D(10) ** 15, operation_id=uuid.uuid4()),
                Movement(EntryKind.REFUND, deducted=D("-300.5")),
            ],
        )
    make_account(acme, quota=D("7"))
    return credit


def found() -> list[tuple[int, int, str]]:
    return [(d.account_pk, d.seq, d.what) for checked in verify.verify(batch=1) for d in checked.drifts]


def alter(credit: CreditAccount, seq: int, change: str) -> None:
    _tamper(f"UPDATE quota_ledgerentry e SET {change} WHERE credit_id = %s AND seq = %s", [credit.pk, seq])  # noqa: S608


def remove(credit: CreditAccount, seq: int) -> None:
    _tamper("DELETE FROM quota_ledgerentry WHERE credit_id = %s AND seq = %s", [credit.pk, seq])


@pgtrigger.ignore("quota.LedgerEntry:append_only")
def _tamper(sql: str, params: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)


def test_an_honest_ledger_agrees_in_python_and_in_the_database(credit: CreditAccount) -> None:
    out = io.StringIO()

    call_command("verify_ledger", stdout=out)

    assert "2 credit accounts agree with their 6 entries" in out.getvalue()
    assert found() == []


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("value = value + 1, after = after + 1", "figures"),
        ("undeducted_delta = undeducted_delta + 1", "figures"),
        ("reason = 'something else'", "hash"),
        ("operator = 'nobody'", "hash"),
        ("at = at - interval '1 microsecond'", "hash"),
        ("hash = repeat('0', 64)", "hash"),
        ("previous_hash = repeat('0', 64)", "chain"),
    ],
)
def test_a_changed_entry_is_found(credit: CreditAccount, change: str, what: str) -> None:
    alter(credit, 2, change)

    assert (credit.pk, 2, what) in found()


def test_a_changed_entry_with_a_fresh_hash_breaks_the_chain_after_it(credit: CreditAccount) -> None:
    alter(credit, 2, "reason = 'forged'")
    alter(credit, 2, f"hash = encode(sha256(convert_to({verify.CANONICAL_SQL}, 'UTF8')), 'hex')")

    assert found() == [(credit.pk, 3, "chain")]


def test_a_removed_entry_is_found(credit: CreditAccount) -> None:
    remove(credit, 3)

    assert (credit.pk, 4, "gap") in found()


def test_a_removed_last_entry_is_found(credit: CreditAccount) -> None:
    remove(credit, 5)

    assert found() == [(credit.pk, 0, "balance")]


def test_a_moved_balance_is_found_reported_with_its_entries_and_left_alone(credit: CreditAccount) -> None:
    CreditAccount.objects.filter(pk=credit.pk).update(deducted=D("-300.499998"))
    out = io.StringIO()

    with pytest.raises(CommandError, match="1 disagreements in 2 credit accounts"):
        call_command("verify_ledger", stderr=out)

    assert f"account {credit.pk}, balance: balance" in out.getvalue()
    assert "#5 refund: 0.000001 -300.500000" in out.getvalue()
    assert CreditAccount.objects.get(pk=credit.pk).deducted == D("-300.499998")


@pytest.mark.parametrize(
    ("seq", "change", "said", "around"),
    [
        (
            3,
            "before = before + 1, after = after + 1",
            "entry 3: figures",
            ["#1", "#2", "#3 settle: 1.000000", "#4", "#5"],
        ),
        (3, "seq = 9", "entry 4: gap", ["#2 usage", "#4 quota_adjust", "#5 refund"]),
        (3, "previous_hash = repeat('0', 64)", "entry 3: chain", ["#1", "#2", "#3", "#4", "#5"]),
        (4, "amount_delta = amount_delta + 1", "balance: balance", ["#1", "#5"]),
        (5, "hash = repeat('0', 64)", "balance: head", ["#5 refund", "(000000000000…)"]),
    ],
)
def test_what_is_found_is_told_with_the_entries_around_it(
    credit: CreditAccount, seq: int, change: str, said: str, around: list[str]
) -> None:
    alter(credit, seq, change)
    out = io.StringIO()

    with pytest.raises(CommandError, match="Nothing was changed"):
        call_command("verify_ledger", stderr=out)

    told = out.getvalue().split(f"account {credit.pk}, {said}\n")[1].split("account ")[0]
    for part in around:
        assert part in told


def test_it_goes_on_where_it_was_stopped_and_tells_how_far_it_is(credit: CreditAccount) -> None:
    alter(credit, 2, "reason = 'forged'")
    out = io.StringIO()

    call_command("verify_ledger", batch=1, after=credit.pk, verbosity=2, stderr=out)

    other = CreditAccount.objects.exclude(pk=credit.pk).get()
    assert out.getvalue() == f"1 of 1 entries checked, up to account {other.pk}\n"


def test_an_account_with_more_entries_than_a_range_is_checked_as_one(credit: CreditAccount) -> None:
    ranges = [(checked.accounts, checked.entries) for checked in verify.verify(batch=3)]

    assert ranges == [(1, 5), (1, 1)]


def test_a_stop_that_the_account_knows_nothing_of_is_found_and_left(credit: CreditAccount) -> None:
    """By whatever hand: a policy, a stop or a master that the row of the money was not told of."""
    other = CreditAccount.objects.exclude(pk=credit.pk).get()
    LinkedAccount.objects.filter(pk=credit.pk).update(shutdown_policy=ShutdownPolicy.NO_STOP)
    CreditAccount.objects.filter(pk=other.pk).update(is_stopped=True)

    assert found() == [(credit.pk, 0, "stop"), (other.pk, 0, "stop")]
    assert found() == [(credit.pk, 0, "stop"), (other.pk, 0, "stop")]
