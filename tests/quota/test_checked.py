"""A second person for money: when one is asked, what they are shown, and what happens when they agree or not."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone
from post_office.models import Email

from partner_console.access.actor import system_actor
from partner_console.access.policy import Role
from partner_console.approvals import services as approvals
from partner_console.approvals.errors import AlreadyAsked, FirstPerson
from partner_console.approvals.models import Approval, ApprovalRule
from partner_console.approvals.registry import get_checked
from partner_console.approvals.states import ApprovalState, When
from partner_console.audit.actions import Action
from partner_console.audit.models import AuditEntry
from partner_console.cloud.models import CloudCommand
from partner_console.errors import Conflict, DomainError, Forbidden
from quota import services
from quota.errors import AskerMayNot, MovedOn, TakenOffMeanwhile
from quota.models import Boost, CreditAccount, LedgerEntry
from quota.services import boosts, checked, money
from quota.states import EntryKind
from tests.factories import make_account
from tests.quota.support import move, never_ask
from uids.models import LinkedAccount
from uids.states import Environment, Relationship

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from tests.personas import Persona

D = Decimal


@pytest.fixture
def account(acme_finance: Persona) -> LinkedAccount:
    account = make_account(acme_finance.partner, "1792155717328010", quota=D("9000"))
    move(account, EntryKind.SETTLE, deducted="20000")
    return account


def credit_of(account: LinkedAccount) -> CreditAccount:
    found: CreditAccount = CreditAccount.objects.select_related("account", "partner").get(pk=account.pk)
    return found


def edit(persona: Persona, account: LinkedAccount, amount: str, **fields: Any) -> Approval | None:
    values = {"version": credit_of(account).version, "amount": D(amount), "reason": "contract", **fields}
    return services.edit_quota(actor=persona.actor, account_pk=account.pk, **values)


def agree(persona: Persona, approval: Approval) -> None:
    approvals.decide(actor=persona.actor, approval_pk=approval.pk, approve=True)


@pytest.mark.parametrize(
    ("before", "after", "is_asked"),
    [("9000", "9999.99", False), ("9000", "10000", True), ("20000", "15000", False), ("15000", "15000.01", True)],
)
def test_an_increase_to_the_limit_needs_a_second_person(
    acme_finance: Persona, account: LinkedAccount, before: str, after: str, *, is_asked: bool
) -> None:
    found = checked.needs_second_person(acme_finance.actor, credit_of(account), D(before), D(after))

    assert bool(found) == is_asked


def test_a_rule_for_every_change_counts_lowering_and_sandboxes_are_left_out(
    acme_finance: Persona, account: LinkedAccount
) -> None:
    ApprovalRule.objects.create(partner=account.partner, action=Action.QUOTA_ADJUSTED, when=When.ALWAYS)

    assert checked.needs_second_person(acme_finance.actor, credit_of(account), D(9), D(1))
    assert not checked.needs_second_person(system_actor("boosts"), credit_of(account), D(9), D(1))
    LinkedAccount.objects.update(environment=Environment.SANDBOX)
    assert not checked.needs_second_person(acme_finance.actor, credit_of(account), D(9), D(1))


def test_nothing_changes_until_somebody_else_agrees(
    acme_finance: Persona, acme_manager: Persona, account: LinkedAccount
) -> None:
    approval = edit(acme_finance, account, "30000")

    assert approval is not None
    assert (credit_of(account).amount, CloudCommand.objects.count()) == (D("9000"), 0)
    with pytest.raises(FirstPerson):
        agree(acme_finance, approval)
    agree(acme_manager, approval)

    entry = LedgerEntry.objects.latest("pk")
    assert (entry.before, entry.value, entry.after, entry.reason) == (D("9000"), D("21000"), D("30000"), "contract")
    assert entry.operator == "finance@acme.example", "whoever asked is the operator; who agreed is on the request"
    assert AuditEntry.objects.get(action=Action.APPROVAL_APPROVED).actor_label == "manager@acme.example"
    assert CloudCommand.objects.get().payload == {"amount": "30000.00"}


def test_there_is_one_open_request_for_the_same_thing(acme_finance: Persona, account: LinkedAccount) -> None:
    edit(acme_finance, account, "30000")

    with pytest.raises(AlreadyAsked):
        edit(acme_finance, account, "40000")
    edit(acme_finance, account, "5000", accept_arrears=True)  # what needs nobody is not held up
    assert credit_of(account).amount == D("5000")


def test_what_moved_on_is_not_carried_out(acme_finance: Persona, acme_manager: Persona, account: LinkedAccount) -> None:
    approval = edit(acme_finance, account, "30000")
    assert approval is not None
    edit(acme_finance, account, "9500")

    with pytest.raises(MovedOn) as refusal:
        agree(acme_manager, approval)

    assert refusal.value.data == {"before": "9000.00", "now": "9500.00"}
    assert (credit_of(account).amount, Approval.objects.get().state) == (D("9500"), ApprovalState.WAITING)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"relationship": Relationship.TERMINATED}, Conflict),
        ({"shutdown_policy": "delayStop"}, None),
    ],
)
def test_the_account_is_judged_anew(
    acme_finance: Persona,
    acme_manager: Persona,
    account: LinkedAccount,
    change: dict[str, str],
    error: type[DomainError] | None,
) -> None:
    approval = edit(acme_finance, account, "30000")
    assert approval is not None
    LinkedAccount.objects.filter(pk=account.pk).update(**change)

    if error:
        with pytest.raises(error):
            agree(acme_manager, approval)
    else:
        agree(acme_manager, approval)
    assert (credit_of(account).amount == D("30000")) == (error is None)


def test_whoever_asked_must_still_be_allowed_to(
    acme_finance: Persona, acme_manager: Persona, account: LinkedAccount
) -> None:
    approval = edit(acme_finance, account, "30000")
    assert approval is not None
    assert acme_finance.membership is not None
    type(acme_finance.membership).objects.filter(pk=acme_finance.membership.pk).update(role=Role.VIEWER)

    with pytest.raises(AskerMayNot):
        agree(acme_manager, approval)
    assert credit_of(account).amount == D("9000")


def test_a_rejection_changes_nothing_and_is_told(
    acme_finance: Persona, acme_manager: Persona, account: LinkedAccount
) -> None:
    approval = edit(acme_finance, account, "30000")
    assert approval is not None

    approvals.decide(actor=acme_manager.actor, approval_pk=approval.pk, approve=False, note="too much")

    assert credit_of(account).amount == D("9000")
    assert Email.objects.filter(to=["finance@acme.example"]).exists()


@pytest.mark.parametrize(("service", "sign"), [(money.write_off, -1), (money.refund, -1)])
def test_large_sums_off_need_a_second_person_too(
    service: Any, sign: int, acme_finance: Persona, acme_manager: Persona, account: LinkedAccount
) -> None:
    approval = service(actor=acme_finance.actor, account_pk=account.pk, version=1, amount=D("12000"), reason="paid")
    assert credit_of(account).deducted == D("20000")

    move(account, EntryKind.USAGE, undeducted="5")  # usage goes on while people think
    agree(acme_manager, approval)

    assert credit_of(account).deducted == D("8000")
    assert LedgerEntry.objects.latest("pk").value == sign * D("12000")


def test_what_somebody_took_off_meanwhile_is_not_taken_off_again(
    acme_finance: Persona, acme_manager: Persona, account: LinkedAccount
) -> None:
    values: dict[str, Any] = {"actor": acme_finance.actor, "account_pk": account.pk, "reason": "paid"}
    approval = money.write_off(version=1, amount=D("12000"), **values)
    assert approval is not None
    money.write_off(version=1, amount=D("5000"), **values)

    with pytest.raises(TakenOffMeanwhile):
        agree(acme_manager, approval)
    assert credit_of(account).deducted == D("15000")


def test_a_boost_to_the_limit_is_a_request_and_so_is_keeping_it_longer(
    acme_finance: Persona, acme_manager: Persona, account: LinkedAccount
) -> None:
    until = timezone.now() + timedelta(days=3)
    values: dict[str, Any] = {"actor": acme_finance.actor, "account_pk": account.pk, "reason": "campaign"}
    approval = boosts.start_boost(version=1, amount=D("5000"), until=until, **values)
    assert approval is not None
    assert not Boost.objects.exists()

    agree(acme_manager, approval)
    later = boosts.extend_boost(until=until + timedelta(days=30), **values)
    assert later is not None
    agree(acme_manager, later)

    boost = Boost.objects.get()
    assert (credit_of(account).amount, boost.operator) == (D("14000"), "finance@acme.example")
    assert boost.until - until > timedelta(days=29)
    assert boosts.extend_boost(until=until, **values) is None, "an earlier end needs nobody"


@pytest.mark.parametrize("service", [money.write_off, money.refund])
def test_the_request_says_what_is_asked_in_figures(
    service: Any, acme_finance: Persona, acme_manager: Persona, as_: Callable[[Persona], Client], account: LinkedAccount
) -> None:
    approval = service(actor=acme_finance.actor, account_pk=account.pk, version=1, amount=D("12000"), reason="paid")

    page = as_(acme_manager).get(f"/approvals/{approval.pk}/").content.decode()

    assert "20,000.00 → 8,000.00 USD" in page
    assert "Your rules ask for a second person from 10,000.00 USD." in page
    assert str(get_checked(approval.action).title) in page


def test_an_agency_has_no_such_rules(agency_master: Persona, as_: Callable[[Persona], Client]) -> None:
    page = as_(agency_master).get("/settings/approvals/").content.decode()

    assert "Raised to a total" not in page
    with pytest.raises(Forbidden):
        approvals.set_rule(actor=agency_master.actor, action=Action.QUOTA_REFUNDED, version=0, when=When.NEVER)


def test_a_partner_may_do_without(acme_finance: Persona, account: LinkedAccount) -> None:
    never_ask(account.partner)

    assert edit(acme_finance, account, "30000") is None
    assert credit_of(account).amount == D("30000")
