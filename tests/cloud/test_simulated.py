"""The simulated cloud's own behaviour: faults, and the customers it takes over from the console."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from partner_console.cloud.port import CloudRefused, CloudUnavailable, OutcomeUnknown
from partner_console.cloud.simulated import services as simulated
from partner_console.cloud.simulated.adapter import SimulatedCloud
from partner_console.cloud.simulated.models import FaultKind, SimAccount
from quota.models import CreditAccount
from tests.factories import make_account
from uids.states import Relationship

if TYPE_CHECKING:
    from partner_console.access.models import Partner

CLOUD = SimulatedCloud()
UID = "1792155717328010"


@pytest.fixture
def account(db: None) -> SimAccount:
    return SimAccount.objects.create(uid=UID, partner_uid="5000", deducted=Decimal(5))


def is_frozen() -> bool:
    return SimAccount.objects.get(uid=UID).payg_frozen


def test_a_refusal_says_its_code_and_does_nothing(account: SimAccount) -> None:
    simulated.add_fault(operation="freeze", kind=FaultKind.REFUSE, code="3040", message="frozen state")

    with pytest.raises(CloudRefused, match="3040: frozen state"):
        CLOUD.freeze(uid=UID)

    assert not is_frozen()


def test_an_outage_does_nothing(account: SimAccount) -> None:
    simulated.add_fault(operation="freeze", kind=FaultKind.UNAVAILABLE)

    with pytest.raises(CloudUnavailable):
        CLOUD.freeze(uid=UID)

    assert not is_frozen()


def test_a_lost_answer_comes_after_the_work(account: SimAccount) -> None:
    simulated.add_fault(operation="freeze", kind=FaultKind.TIMEOUT_AFTER)

    with pytest.raises(OutcomeUnknown):
        CLOUD.freeze(uid=UID)

    assert is_frozen()


def test_a_fault_hits_its_operation_its_account_and_as_often_as_asked(account: SimAccount) -> None:
    other = SimAccount.objects.create(uid="2", partner_uid="5000")
    simulated.add_fault(operation="freeze", kind=FaultKind.UNAVAILABLE, uid=UID, times=2)

    CLOUD.freeze(uid=other.uid)
    CLOUD.set_warning(uid=UID, percent=5)
    for _ in range(2):
        with pytest.raises(CloudUnavailable):
            CLOUD.freeze(uid=UID)
    CLOUD.freeze(uid=UID)

    assert is_frozen()


def test_any_operation_of_anybody_may_be_hit_until_cleared(account: SimAccount) -> None:
    simulated.add_fault(operation="", kind=FaultKind.UNAVAILABLE, times=9)

    with pytest.raises(CloudUnavailable):
        CLOUD.credit(uid=UID)
    assert simulated.clear_faults() == 1

    assert CLOUD.credit(uid=UID).deducted == 5


def test_an_imported_customer_is_taken_over_as_the_console_has_it(acme: Partner) -> None:
    imported = make_account(acme, UID, quota=Decimal(100), purchase_control="ban", shutdown_policy="noStop")
    CreditAccount.objects.filter(pk=imported.pk).update(deducted=Decimal("7.5"), undeducted=Decimal("0.25"))

    CLOUD.freeze(uid=UID)

    credit = CLOUD.credit(uid=UID)
    assert (credit.amount, credit.deducted, credit.undeducted) == (Decimal(100), Decimal("7.5"), Decimal("0.25"))
    assert (credit.purchase_control, credit.shutdown_policy, credit.payg_frozen) == ("ban", "noStop", True)
    assert [known.uid for known in CLOUD.credits(partner_uid=acme.master_uid)] == [UID]


def test_who_is_not_linked_any_more_is_not_taken_over(acme: Partner) -> None:
    make_account(acme, UID, relationship=Relationship.TERMINATED)

    with pytest.raises(CloudRefused):
        CLOUD.freeze(uid=UID)

    assert not SimAccount.objects.exists()


def test_money_moves_between_the_buckets_to_six_places(account: SimAccount) -> None:
    simulated.report_usage(uid=UID, amount=Decimal("10.1234567"))
    simulated.settle(uid=UID, amount=Decimal(4))
    simulated.refund(uid=UID, amount=Decimal(20))
    now = simulated.settle(uid=UID, amount=Decimal(999))

    assert (now.deducted, now.undeducted) == (Decimal("-4.876543"), Decimal(0))


@pytest.mark.parametrize("amount", [Decimal(0), Decimal(-1), Decimal("NaN"), Decimal("Infinity")])
def test_nobody_consumes_nothing(account: SimAccount, amount: Decimal) -> None:
    with pytest.raises(CloudRefused):
        simulated.report_usage(uid=UID, amount=amount)
