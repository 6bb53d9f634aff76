"""A new total and a new threshold: what is allowed, what is refused, what is left behind."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from partner_console.audit.actions import Action
from partner_console.audit.models import AuditEntry
from partner_console.cloud.models import CloudCommand, Operation
from partner_console.errors import DomainError, Forbidden, Invalid, NotFound
from quota import services
from quota.errors import NothingToChange, UnderTrusteeship, WouldBeInArrears
from quota.models import CreditAccount, LedgerEntry
from quota.states import EntryKind
from tests.factories import make_account
from tests.quota.support import move, never_ask
from uids.errors import NotLive, ReasonMissing, StaleVersion
from uids.models import LinkedAccount
from uids.states import Relationship, ShutdownPolicy

if TYPE_CHECKING:
    from tests.personas import Persona

D = Decimal


@pytest.fixture
def account(acme_finance: Persona) -> LinkedAccount:
    return make_account(acme_finance.partner, "1792155717328010", quota=D("1500"))


def edit(persona: Persona, account: LinkedAccount, amount: str = "2000", **fields: Any) -> CreditAccount:
    services.edit_quota(
        actor=persona.actor,
        account_pk=account.pk,
        **{"version": 1, "amount": D(amount), "reason": "contract", **fields},
    )
    return CreditAccount.objects.get(pk=account.pk)


def set_threshold(persona: Persona, account: LinkedAccount, percent: int = 30, **fields: Any) -> CreditAccount:
    return services.set_threshold(
        actor=persona.actor,
        account_pk=account.pk,
        **{"version": 1, "percent": percent, "reason": "contract", **fields},
    )


def test_a_new_total_is_recorded_as_the_seed_wants_it(acme_finance: Persona, account: LinkedAccount) -> None:
    credit = edit(acme_finance, account, "1200.50")

    entry = LedgerEntry.objects.get(credit=credit, kind=EntryKind.QUOTA_ADJUST)
    assert (entry.before, entry.value, entry.after) == (D("1500"), D("-299.50"), D("1200.50"))
    assert (entry.method, entry.operator, entry.operator_uid) == (
        "console",
        "finance@acme.example",
        acme_finance.partner.master_uid,
    )
    assert entry.reason == "contract"
    assert CreditAccount.objects.get(pk=account.pk).available == D("1200.50")


def test_a_new_total_is_audited_and_ordered_from_the_cloud(acme_finance: Persona, account: LinkedAccount) -> None:
    edit(acme_finance, account)

    audit = AuditEntry.objects.get(action=Action.QUOTA_ADJUSTED)
    order = CloudCommand.objects.get()
    entry = LedgerEntry.objects.get(kind=EntryKind.QUOTA_ADJUST)
    assert (audit.subject_pk, audit.changes, audit.note) == (account.pk, {"amount": ["1500.00", "2000.00"]}, "contract")
    assert (order.operation, order.uid, order.payload) == (Operation.SET_QUOTA, account.uid, {"amount": "2000.00"})
    assert audit.operation_id == order.operation_id == entry.operation_id


def test_a_new_threshold_is_audited_and_ordered_and_moves_no_money(
    acme_finance: Persona, account: LinkedAccount
) -> None:
    credit = set_threshold(acme_finance, account)

    assert credit.warning_percent == 30
    assert AuditEntry.objects.get(action=Action.QUOTA_THRESHOLD_CHANGED).changes == {"warning_percent": [20, 30]}
    assert CloudCommand.objects.get().payload == {"percent": 30}
    assert LedgerEntry.objects.filter(credit=credit).count() == 1


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"amount": D("-0.01")}, Invalid),
        ({"amount": D("0.001")}, Invalid),
        ({"amount": D("10000000000000000")}, Invalid),
        ({"amount": D("NaN")}, Invalid),
        ({"amount": D("1500.00")}, NothingToChange),
        ({"reason": "  "}, ReasonMissing),
        ({"version": 2}, StaleVersion),
    ],
)
def test_a_refused_total_leaves_nothing_behind(
    acme_finance: Persona, account: LinkedAccount, fields: dict[str, Any], refusal: type[DomainError]
) -> None:
    with pytest.raises(refusal):
        edit(acme_finance, account, **fields)

    assert CreditAccount.objects.get(pk=account.pk).amount == D("1500")
    assert LedgerEntry.objects.filter(credit=account.pk).count() == 1
    assert not CloudCommand.objects.exists()
    assert not AuditEntry.objects.filter(action=Action.QUOTA_ADJUSTED).exists()


@pytest.mark.parametrize("percent", [0, 101, -1])
def test_a_threshold_is_one_to_hundred_percent(acme_finance: Persona, account: LinkedAccount, percent: int) -> None:
    with pytest.raises(Invalid) as refusal:
        set_threshold(acme_finance, account, percent)

    assert refusal.value.field == "percent"


def test_the_largest_quota_is_kept_to_the_cent(acme_finance: Persona, account: LinkedAccount) -> None:
    never_ask(acme_finance.partner)
    edit(acme_finance, account, "9999999999999999.99")

    assert CreditAccount.objects.get(pk=account.pk).available == D("9999999999999999.99")


def test_a_stale_edit_shows_both_totals(acme_finance: Persona, acme_master: Persona, account: LinkedAccount) -> None:
    edit(acme_master, account, "1800")

    with pytest.raises(StaleVersion) as conflict:
        edit(acme_finance, account, "2000")

    assert conflict.value.data == {"yours": {"amount": "2000.00"}, "theirs": {"amount": "1800.00"}, "version": 2}
    assert CreditAccount.objects.get(pk=account.pk).amount == D("1800")


def test_consumption_does_not_make_an_edit_stale(acme_finance: Persona, account: LinkedAccount) -> None:
    move(account, EntryKind.USAGE, undeducted="100")

    assert edit(acme_finance, account, "2000").available == D("1900")


@pytest.mark.parametrize(
    ("policy", "overdraft", "effect"),
    [
        (ShutdownPolicy.IMMEDIATELY_STOP, "0", "stop at once"),
        (ShutdownPolicy.DELAY_STOP, "600", "until the debt passes 600.00 USD"),
        (ShutdownPolicy.DELAY_STOP, "10", "above the overdraft of 10.00 USD"),
        (ShutdownPolicy.NO_STOP, "0", "keep running"),
    ],
)
def test_a_total_below_use_needs_a_yes_to_its_effect(
    acme_finance: Persona, account: LinkedAccount, policy: str, overdraft: str, effect: str
) -> None:
    LinkedAccount.objects.filter(pk=account.pk).update(shutdown_policy=policy, overdraft=D(overdraft))
    move(account, EntryKind.USAGE, undeducted="1000")

    with pytest.raises(WouldBeInArrears) as question:
        edit(acme_finance, account, "900")

    assert "−100.00 USD" in str(question.value)
    assert effect in str(question.value)
    assert CreditAccount.objects.get(pk=account.pk).amount == D("1500")
    assert edit(acme_finance, account, "900", accept_arrears=True).available == D("-100")


def test_lowering_to_exactly_what_is_used_is_no_arrears(acme_finance: Persona, account: LinkedAccount) -> None:
    move(account, EntryKind.USAGE, undeducted="1000")

    assert edit(acme_finance, account, "1000").available == 0


def test_raising_a_quota_in_arrears_needs_no_yes(acme_finance: Persona, account: LinkedAccount) -> None:
    move(account, EntryKind.USAGE, undeducted="2000")

    assert edit(acme_finance, account, "1600").available == D("-400")


def test_zero_means_nothing_to_spend(acme_finance: Persona, account: LinkedAccount) -> None:
    credit = edit(acme_finance, account, "0")

    assert (credit.amount, credit.available, credit.in_alarm) == (D(0), D(0), False)


def test_a_frozen_account_may_be_edited(acme_finance: Persona, account: LinkedAccount) -> None:
    LinkedAccount.objects.filter(pk=account.pk).update(payg_frozen=True)

    assert edit(acme_finance, account).amount == D("2000")


def test_a_sub_account_under_trusteeship_is_edited_at_its_master(acme_finance: Persona, account: LinkedAccount) -> None:
    sub = make_account(acme_finance.partner, quota=D(0), trustee=account)

    for change in (edit, set_threshold):
        with pytest.raises(UnderTrusteeship) as refusal:
            change(acme_finance, sub)
        assert account.uid in str(refusal.value)


def test_an_ended_relationship_keeps_its_quota(acme_finance: Persona, account: LinkedAccount) -> None:
    LinkedAccount.objects.filter(pk=account.pk).update(relationship=Relationship.TERMINATED)

    for change in (edit, set_threshold):
        with pytest.raises(NotLive):
            change(acme_finance, account)


@pytest.mark.parametrize("who", ["acme_manager", "acme_readonly"])
def test_other_roles_may_not_and_are_told_why(request: pytest.FixtureRequest, account: LinkedAccount, who: str) -> None:
    persona = request.getfixturevalue(who)

    for change in (edit, set_threshold):
        with pytest.raises(Forbidden, match="Ask an owner of your partner"):
            change(persona, account)
    assert CreditAccount.objects.get(pk=account.pk).version == 1


def test_an_outsider_finds_nothing(outsider: Persona, account: LinkedAccount) -> None:
    for change in (edit, set_threshold):
        with pytest.raises(NotFound):
            change(outsider, account)
