"""Quotas open with their accounts, alone or by thousands."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from partner_console.access.actor import system_actor
from partner_console.audit.actions import Action
from partner_console.audit.models import AuditEntry
from partner_console.errors import Invalid
from quota import services, verify
from quota.errors import NoQuotaForAgency
from quota.models import CreditAccount, LedgerEntry, Warning
from quota.services import Opening
from quota.states import Bucket, EntryKind
from tests.factories import make_account

if TYPE_CHECKING:
    from partner_console.access.models import Partner
    from tests.personas import Persona

D = Decimal
WORKER = system_actor("test")
AT = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)


def movements(credit: CreditAccount) -> list[tuple[str, str, Decimal, Decimal, Decimal]]:
    entries = LedgerEntry.objects.filter(credit=credit).order_by("seq")
    return [(entry.kind, entry.bucket, entry.before, entry.value, entry.after) for entry in entries]


def test_the_ledger_begins_with_quota_create(acme: Partner) -> None:
    account = make_account(acme)

    credit = services.open_credit(
        actor=WORKER, account=account, amount=D("1500"), warning_percent=30, reason="linked", at=AT
    )

    assert movements(credit) == [(EntryKind.QUOTA_CREATE, Bucket.AMOUNT, D(0), D("1500"), D("1500"))]
    entry = LedgerEntry.objects.get(credit=credit)
    assert (entry.at, entry.reason, credit.warning_percent) == (AT, "linked", 30)
    assert AuditEntry.objects.get(action=Action.QUOTA_CREATED).changes["amount"] == [None, "1500.00"]


def test_a_quota_of_zero_is_a_quota(acme: Partner) -> None:
    credit = services.open_credit(actor=WORKER, account=make_account(acme), amount=D(0), warning_percent=20)

    assert movements(credit) == [(EntryKind.QUOTA_CREATE, Bucket.AMOUNT, D(0), D(0), D(0))]


def test_what_was_consumed_before_comes_as_entries_of_its_own(acme: Partner) -> None:
    credit = services.open_credit(
        actor=WORKER,
        account=make_account(acme),
        amount=D("1000"),
        warning_percent=20,
        deducted=D("-300"),
        undeducted=D("0.000001"),
    )

    assert movements(credit)[1:] == [
        (EntryKind.SYNC, Bucket.DEDUCTED, D(0), D("-300"), D("-300")),
        (EntryKind.SYNC, Bucket.UNDEDUCTED, D(0), D("0.000001"), D("0.000001")),
    ]
    assert CreditAccount.objects.get(pk=credit.pk).available == D("1299.999999")


def test_an_agency_has_no_quotas(agency_master: Persona) -> None:
    account = make_account(agency_master.partner)

    with pytest.raises(NoQuotaForAgency):
        services.open_credit(actor=WORKER, account=account, amount=D("1"), warning_percent=20)


def test_a_second_quota_is_impossible(acme: Partner) -> None:
    account = make_account(acme, quota=D("1"))

    with pytest.raises(IntegrityError), transaction.atomic():
        services.open_credit(actor=WORKER, account=account, amount=D("1"), warning_percent=20)


@pytest.mark.parametrize(
    "wrong", [{"amount": D("-1")}, {"amount": D("0.001")}, {"warning_percent": 0}, {"undeducted": D("0.0000001")}]
)
def test_nothing_is_rounded_or_accepted_out_of_range(acme: Partner, wrong: dict[str, Any]) -> None:
    account = make_account(acme)

    with pytest.raises(Invalid):
        services.open_credit(actor=WORKER, account=account, **{"amount": D("1"), "warning_percent": 20, **wrong})


def openings(partner: Partner, number: int) -> list[Opening]:
    return [
        Opening(
            account=make_account(partner),
            amount=D("100"),
            warning_percent=20,
            deducted=D("10.5"),
            undeducted=D(n),
            reason="file.xlsx",
            at=AT,
            as_of=AT,
        )
        for n in range(number)
    ]


def test_many_open_as_one_would(acme: Partner) -> None:
    opened = services.open_credits(actor=WORKER, openings=openings(acme, 3))

    assert opened == 3
    assert [c.available for c in CreditAccount.objects.order_by("pk")] == [D("89.5"), D("88.5"), D("87.5")]
    first = CreditAccount.objects.order_by("pk").first()
    assert first is not None
    assert movements(first) == [
        (EntryKind.QUOTA_CREATE, Bucket.AMOUNT, D(0), D("100"), D("100")),
        (EntryKind.SYNC, Bucket.DEDUCTED, D(0), D("10.5"), D("10.5")),
    ]
    assert first.as_of == AT
    assert AuditEntry.objects.filter(action=Action.QUOTA_CREATED).count() == 3
    assert [drift for checked in verify.verify() for drift in checked.drifts] == []


def test_many_take_as_many_statements_as_few(acme: Partner) -> None:
    few, many = openings(acme, 2), openings(acme, 40)

    with CaptureQueriesContext(connection) as two:
        services.open_credits(actor=WORKER, openings=few)
    with CaptureQueriesContext(connection) as forty:
        services.open_credits(actor=WORKER, openings=many)

    assert len(forty) == len(two)


def test_accounts_that_come_in_below_the_line_are_in_alarm_and_nobody_is_mailed(acme: Partner) -> None:
    services.open_credits(
        actor=WORKER,
        openings=[Opening(account=make_account(acme), amount=D("100"), warning_percent=20, undeducted=D("90"))],
    )

    credit = CreditAccount.objects.get()
    assert credit.in_alarm
    assert Warning.objects.get().is_silent


def test_one_bad_row_opens_nothing(acme: Partner) -> None:
    rows = [*openings(acme, 2), Opening(account=make_account(acme), amount=D("-1"), warning_percent=20)]

    with pytest.raises(Invalid), transaction.atomic():
        services.open_credits(actor=WORKER, openings=rows)

    assert not CreditAccount.objects.exists()
