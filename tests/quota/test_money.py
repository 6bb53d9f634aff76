"""Write-offs and refunds: what may be taken off, what the cloud is asked, and what happens when it says no."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone
from post_office.models import Email

from partner_console.access.actor import system_actor
from partner_console.audit.actions import Action
from partner_console.audit.models import AuditEntry
from partner_console.cloud import services as cloud
from partner_console.cloud.models import CloudCommand, CommandState, Operation
from partner_console.cloud.simulated import services as simulated
from partner_console.cloud.simulated.models import FaultKind, SimAccount
from partner_console.errors import DomainError, Forbidden, Invalid, NotFound
from quota import services
from quota.errors import NothingToTakeBack, UnderTrusteeship
from quota.models import CreditAccount, LedgerEntry
from quota.services import money, refused
from quota.states import EntryKind
from tests.factories import make_account
from tests.quota.support import move
from uids.errors import NotLive, ReasonMissing, StaleVersion
from uids.states import Relationship

if TYPE_CHECKING:
    from tests.personas import Persona
    from uids.models import LinkedAccount

D = Decimal
UID = "1792155717328010"
BOTH = [money.write_off, money.refund]


@pytest.fixture
def account(acme_finance: Persona) -> LinkedAccount:
    """1,000 of quota, 400 deducted, 50 not yet."""
    account = make_account(acme_finance.partner, UID, quota=D("1000"))
    move(account, EntryKind.SETTLE, deducted="400")
    move(account, EntryKind.USAGE, undeducted="50")
    return account


def take_off(service: Any, persona: Persona, account: LinkedAccount, amount: str = "150", **fields: Any) -> Any:
    values = {"version": credit_of(account).version, "amount": D(amount), "reason": "paid, invoice 7", **fields}
    return service(actor=persona.actor, account_pk=account.pk, **values)


def credit_of(account: LinkedAccount) -> CreditAccount:
    return CreditAccount.objects.get(pk=account.pk)


def sync(account: LinkedAccount) -> int:
    actor = system_actor("usage-sync", partner=account.partner)
    return services.sync_partner(actor=actor, partner_pk=account.partner_id)


def last(account: LinkedAccount) -> tuple[Any, ...]:
    entry = LedgerEntry.objects.filter(credit=account.pk).latest("seq")
    return (entry.kind, entry.before, entry.value, entry.after)


def test_a_write_off_gives_the_customer_room_again(acme_finance: Persona, account: LinkedAccount) -> None:
    assert take_off(money.write_off, acme_finance, account, "150.123456") is None

    credit = credit_of(account)
    assert last(account) == (EntryKind.WRITE_OFF, D("400"), D("-150.123456"), D("249.876544"))
    assert (credit.available, credit.amount) == (D("700.123456"), D("1000"))
    command = CloudCommand.objects.get()
    assert (command.operation, command.payload, command.reason) == (
        Operation.WRITE_OFF,
        {"amount": "150.123456"},
        "paid, invoice 7",
    )
    trail = AuditEntry.objects.get(action=Action.QUOTA_WRITTEN_OFF)
    assert (trail.subject_pk, trail.note, trail.changes["deducted"]) == (
        account.pk,
        "paid, invoice 7",
        ["400.000000", "249.876544"],
    )


def test_a_refund_may_be_more_than_was_deducted(acme_finance: Persona, account: LinkedAccount) -> None:
    take_off(money.refund, acme_finance, account, "500")

    assert last(account) == (EntryKind.REFUND, D("400"), D("-500"), D("-100"))
    assert credit_of(account).available == D("1050")


@pytest.mark.parametrize(
    ("fields", "error", "field"),
    [
        ({"amount": "400.000001"}, Invalid, "amount"),
        ({"amount": "0"}, Invalid, "amount"),
        ({"amount": "-1"}, Invalid, "amount"),
        ({"amount": "0.0000001"}, Invalid, "amount"),
        ({"amount": "NaN"}, Invalid, "amount"),
        ({"reason": " "}, ReasonMissing, "reason"),
        ({"version": 99}, StaleVersion, ""),
    ],
)
def test_what_cannot_be_written_off_changes_nothing(
    acme_finance: Persona, account: LinkedAccount, fields: dict[str, Any], error: type[DomainError], field: str
) -> None:
    with pytest.raises(error) as refusal:
        take_off(money.write_off, acme_finance, account, **fields)

    assert refusal.value.field == field
    assert (credit_of(account).deducted, CloudCommand.objects.count()) == (D("400"), 0)


def test_all_that_was_deducted_can_be_written_off_and_then_no_more(
    acme_finance: Persona, account: LinkedAccount
) -> None:
    take_off(money.write_off, acme_finance, account, "400")

    with pytest.raises(Invalid):
        take_off(money.write_off, acme_finance, account, "0.01")
    assert credit_of(account).deducted == 0


def test_a_form_sent_twice_takes_off_once(acme_finance: Persona, account: LinkedAccount) -> None:
    take_off(money.refund, acme_finance, account, version=1)
    with pytest.raises(StaleVersion):
        take_off(money.refund, acme_finance, account, version=1)

    assert credit_of(account).deducted == D("250")


@pytest.mark.parametrize("service", BOTH)
def test_money_of_others_and_of_the_past_is_left_alone(
    service: Any, acme_finance: Persona, acme_manager: Persona, outsider: Persona, account: LinkedAccount
) -> None:
    sub = make_account(acme_finance.partner, quota=D(5), trustee=account)
    gone = make_account(acme_finance.partner, quota=D(5), relationship=Relationship.TERMINATED)

    for persona, target, error in (
        (acme_manager, account, Forbidden),
        (outsider, account, NotFound),
        (acme_finance, sub, UnderTrusteeship),
        (acme_finance, gone, NotLive),
    ):
        with pytest.raises(error):
            take_off(service, persona, target, "1")
    assert not LedgerEntry.objects.filter(kind__in=(EntryKind.WRITE_OFF, EntryKind.REFUND)).exists()


@pytest.mark.parametrize("service", BOTH)
def test_readings_before_during_and_after_the_order_say_nothing_new(
    service: Any, acme_finance: Persona, account: LinkedAccount
) -> None:
    simulated.override(uid=UID)
    n_before = LedgerEntry.objects.count()
    take_off(service, acme_finance, account)

    sync(account)  # the order is not sent yet: the cloud still has 400 deducted
    cloud.send_due(uid=UID)
    sync(account)
    simulated.report_usage(uid=UID, amount=D("3"))
    sync(account)

    assert SimAccount.objects.get().deducted == D("250")
    kinds = list(LedgerEntry.objects.order_by("pk").values_list("kind", flat=True)[n_before:])
    assert kinds == [EntryKind(service.__name__), EntryKind.USAGE]
    assert (credit_of(account).deducted, credit_of(account).undeducted) == (D("250"), D("53"))


@pytest.mark.parametrize("service", BOTH)
def test_a_refusal_comes_back_with_its_cause_and_its_asker_is_told_once(
    service: Any, acme_finance: Persona, account: LinkedAccount
) -> None:
    take_off(service, acme_finance, account)
    simulated.add_fault(operation=service.__name__, kind=FaultKind.REFUSE, code="3040", message="account is frozen")
    cloud.send_due(uid=UID)

    for _ in range(2):
        sync(account)

    assert last(account) == (EntryKind(service.__name__), D("250"), D("150"), D("400"))
    entry = LedgerEntry.objects.latest("pk")
    assert entry.reason == "The cloud refused the change: 3040 account is frozen"
    mail = Email.objects.get(to=["finance@acme.example"])
    assert "3040 account is frozen" in mail.message
    assert UID in mail.message
    assert AuditEntry.objects.filter(action=Action.QUOTA_TAKEN_BACK).count() == 1
    assert CloudCommand.objects.get().undone_at is not None


def test_a_refused_total_is_told_to_whoever_asked(acme_finance: Persona, account: LinkedAccount) -> None:
    services.edit_quota(actor=acme_finance.actor, account_pk=account.pk, version=1, amount=D("3000"), reason="contract")
    SimAccount.objects.create(uid=UID, partner_uid=account.partner.master_uid, amount=D("1000"), deducted=D("400"))
    simulated.override(uid=UID, undeducted=D("50"))
    simulated.add_fault(operation="set_quota", kind=FaultKind.REFUSE, code="3040", message="account is frozen")
    cloud.send_due(uid=UID)

    for _ in range(2):
        sync(account)

    assert credit_of(account).amount == D("1000")
    assert "Refused by the cloud: Set quota" in Email.objects.get(to=["finance@acme.example"]).subject


def test_an_unclear_outcome_is_brought_in_line_by_reading(acme_finance: Persona, account: LinkedAccount) -> None:
    simulated.override(uid=UID)
    take_off(money.write_off, acme_finance, account)
    simulated.add_fault(operation="write_off", kind=FaultKind.TIMEOUT_AFTER)
    cloud.send_due(uid=UID)
    simulated.report_usage(uid=UID, amount=D("7"))
    simulated.settle(uid=UID, amount=D("7"))  # the figures no longer tell whether it was done
    sync(account)
    assert credit_of(account).undeducted == D("50"), "while it is being found out, readings are left"

    CloudCommand.objects.update(next_attempt_at=timezone.now())
    cloud.send_due(uid=UID)
    for _ in range(2):
        sync(account)

    credit, theirs = credit_of(account), SimAccount.objects.get()
    assert (credit.deducted, credit.undeducted) == (theirs.deducted, theirs.undeducted)
    assert (credit.deducted, CloudCommand.objects.get().state) == (D("257"), CommandState.UNKNOWN)
    assert LedgerEntry.objects.filter(kind=EntryKind.SYNC).count() == 1


def test_what_the_cloud_has_no_interface_for_waits_for_people(acme_finance: Persona, account: LinkedAccount) -> None:
    simulated.override(uid=UID)
    take_off(money.refund, acme_finance, account)
    not_offered(account)

    sync(account)
    assert credit_of(account).deducted == D("250"), "nothing is taken back by itself"
    refused.take_back(actor=acme_finance.actor, command_pk=CloudCommand.objects.get().pk, reason="not agreed")

    assert last(account) == (EntryKind.REFUND, D("250"), D("150"), D("400"))
    with pytest.raises(NothingToTakeBack):
        refused.take_back(actor=acme_finance.actor, command_pk=CloudCommand.objects.get().pk, reason="again")
    assert credit_of(account).deducted == D("400")


def test_what_was_done_by_hand_stands(acme_finance: Persona, account: LinkedAccount) -> None:
    simulated.override(uid=UID)
    take_off(money.refund, acme_finance, account)
    not_offered(account)
    simulated.refund(uid=UID, amount=D("150"))
    cloud.record_by_hand(actor=acme_finance.actor, command_pk=CloudCommand.objects.get().pk, note="ticket 7")

    sync(account)

    assert credit_of(account).deducted == D("250")
    with pytest.raises(NothingToTakeBack):
        refused.take_back(actor=acme_finance.actor, command_pk=CloudCommand.objects.get().pk, reason="no")


def not_offered(account: LinkedAccount) -> None:
    CloudCommand.objects.filter(uid=account.uid).update(
        state=CommandState.REFUSED, vendor_code="not_offered", finished_at=timezone.now()
    )


def test_only_who_may_change_quotas_takes_back_and_only_their_own(
    acme_finance: Persona, acme_manager: Persona, outsider: Persona, account: LinkedAccount
) -> None:
    take_off(money.refund, acme_finance, account)
    not_offered(account)
    pk = CloudCommand.objects.get().pk

    with pytest.raises(Forbidden):
        refused.take_back(actor=acme_manager.actor, command_pk=pk, reason="no")
    with pytest.raises(NotFound):
        refused.take_back(actor=outsider.actor, command_pk=pk, reason="no")
    assert credit_of(account).deducted == D("250")


def test_an_account_the_cloud_has_not_met_is_not_written_off_twice(
    acme_finance: Persona, account: LinkedAccount
) -> None:
    take_off(money.write_off, acme_finance, account)

    cloud.send_due(uid=UID)  # the simulated cloud takes the account over from us only now

    assert SimAccount.objects.get().deducted == D("250")
