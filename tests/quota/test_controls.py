"""The switches where they meet money, rules, confirmations and the second person (design §6.5, §7)."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from partner_console.access.actor import system_actor
from partner_console.access.policy import Role
from partner_console.approvals import services as approvals
from partner_console.approvals.errors import AlreadyAsked, FirstPerson
from partner_console.approvals.models import Approval, ApprovalRule
from partner_console.approvals.registry import get_checked
from partner_console.approvals.states import When
from partner_console.cloud.models import CloudCommand
from partner_console.errors import Conflict, Forbidden, NotFound
from quota.errors import AskerMayNot, CascadeMoved, InArrears, ManyAtOnce
from quota.models import CreditAccount
from quota.services import controls
from quota.states import EntryKind
from tests.factories import make_account
from tests.quota.support import move
from uids import services as uids
from uids.errors import AlreadyFrozen, ChangedSince, FollowsMaster, NotFrozen, ReasonMissing, SameControl, SamePolicy
from uids.models import ControlChange, LinkedAccount
from uids.states import Control, Environment, Relationship

if TYPE_CHECKING:
    from tests.personas import Persona

D = Decimal
FREEZE, PURCHASE, POLICY = Control.PAYG_FREEZE, Control.PURCHASE_CONTROL, Control.SHUTDOWN_POLICY


def change(
    persona: Persona, account: LinkedAccount, what: Control = FREEZE, value: str = "frozen", **given: Any
) -> Any:
    values = {"reason": "debt", **given}
    return controls.change_control(actor=persona.actor, account_pk=account.pk, what=what, value=value, **values)


def read(account: LinkedAccount) -> LinkedAccount:
    found: LinkedAccount = LinkedAccount.objects.select_related("trustee").get(pk=account.pk)
    return found


def in_arrears(account: LinkedAccount, used: str = "137.2") -> None:
    move(account, EntryKind.USAGE, undeducted=used)


def test_unfreezing_in_arrears_says_what_is_missing(acme_manager: Persona) -> None:
    """Of whoever holds the money; at exactly 0 nothing is missing. Undoing a freeze is unfreezing."""
    acme = acme_manager.partner
    for used, missing in (("137.2", "37.20"), ("137.195", "37.20"), ("100.000001", "0.01"), ("100", None)):
        account = make_account(acme, quota=D(100))
        frozen = uuid.uuid4()
        change(acme_manager, account, operation_id=frozen)
        in_arrears(account, used)
        sub = make_account(acme, trustee=account, payg_frozen=True)
        before = ControlChange.objects.count(), CloudCommand.objects.count()
        if missing is None:
            assert not change(acme_manager, account, value="normal").payg_frozen
            assert not change(acme_manager, sub, value="normal").payg_frozen
            continue
        for refused in (account, sub):
            with pytest.raises(InArrears, match=rf"\+{missing} USD first"):
                change(acme_manager, refused, value="normal")
        with pytest.raises(InArrears):
            controls.undo(actor=acme_manager.actor, operation_id=frozen, reason="paid")
        assert read(account).payg_frozen
        assert read(sub).payg_frozen
        assert (ControlChange.objects.count(), CloudCommand.objects.count()) == before


def test_what_may_be_done_in_arrears_and_without_quota(acme_manager: Persona) -> None:
    """Freezing, purchases and policies do not ask for money; an account that never got a quota owes nothing."""
    owing, bare = make_account(acme_manager.partner, quota=D(1)), make_account(acme_manager.partner, payg_frozen=True)
    in_arrears(owing)

    change(acme_manager, owing)
    change(acme_manager, owing, PURCHASE, "ban")
    change(acme_manager, owing, PURCHASE, "normal")
    change(acme_manager, owing, POLICY, "noStop")
    change(acme_manager, bare, value="normal")

    assert (read(owing).payg_frozen, read(owing).shutdown_policy, read(bare).payg_frozen) == (True, "noStop", False)


def test_delayed_shutdown_grants_fifteen_average_days_and_at_least_600(acme_manager: Persona) -> None:
    for daily_use, overdraft in (("0", "600"), ("40", "600"), ("40.000001", "601"), ("61.2", "918"), ("61.21", "919")):
        account = make_account(acme_manager.partner, quota=D(1))
        CreditAccount.objects.filter(pk=account.pk).update(daily_use=D(daily_use))

        change(acme_manager, account, POLICY, "delayStop")

        assert read(account).overdraft == D(overdraft)
        assert ControlChange.objects.get(account=account).overdraft_after == D(overdraft)


def test_a_cascade_that_grew_is_not_what_was_confirmed(acme_manager: Persona) -> None:
    master = make_account(acme_manager.partner)
    make_account(acme_manager.partner, trustee=master)
    make_account(acme_manager.partner, trustee=master, payg_frozen=True)  # nothing changes for it

    with pytest.raises(CascadeMoved) as refusal:
        change(acme_manager, master, confirmed=1)
    assert refusal.value.data == {"n_accounts": 2}
    assert not read(master).payg_frozen

    assert change(acme_manager, master, confirmed=2).payg_frozen


def test_refusals_come_before_anything_is_asked(
    acme_manager: Persona, acme_finance: Persona, outsider: Persona
) -> None:
    """Also where a second person would have to agree: nobody is asked for what cannot be."""
    acme = acme_manager.partner
    for action in controls.ACTION.values():
        ApprovalRule.objects.create(partner=acme, action=action, when=When.ALWAYS)
    plain, frozen = make_account(acme), make_account(acme, payg_frozen=True, quota=D(1))
    in_arrears(frozen)
    sub = make_account(acme, trustee=plain)

    for persona, account, what, value, error in (
        (acme_manager, frozen, FREEZE, "frozen", AlreadyFrozen),
        (acme_manager, plain, FREEZE, "normal", NotFrozen),
        (acme_manager, frozen, FREEZE, "normal", InArrears),
        (acme_manager, plain, PURCHASE, "normal", SameControl),
        (acme_manager, plain, POLICY, "immediatelyStop", SamePolicy),
        (acme_manager, sub, POLICY, "noStop", FollowsMaster),
        (acme_finance, plain, FREEZE, "frozen", Forbidden),
        (outsider, plain, FREEZE, "frozen", NotFound),
    ):
        with pytest.raises(error):
            change(persona, account, what, value)
    with pytest.raises(ReasonMissing):
        change(acme_manager, plain, reason=" ")
    assert not Approval.objects.exists()


def test_a_second_person_where_the_rules_want_one(acme_manager: Persona) -> None:
    """Never by default; for a cascade where the rule says so; never for our own programs; sandboxes are left out."""
    acme = acme_manager.partner
    alone, master = make_account(acme), make_account(acme)
    sandbox = make_account(acme, environment=Environment.SANDBOX)
    for of in (master, sandbox):
        make_account(acme, trustee=of)

    def asked(account: LinkedAccount, n_accounts: int) -> bool:
        return bool(controls.needs_second_person(acme_manager.actor, account, FREEZE, n_accounts=n_accounts))

    assert [asked(alone, 1), asked(master, 2)] == [False, False]
    rule = ApprovalRule.objects.create(
        partner=acme, action=controls.ACTION[FREEZE], when=When.LIMITS, is_for_sensitive=True
    )
    assert [asked(alone, 1), asked(master, 2), asked(sandbox, 2)] == [False, True, False]
    rule.when = When.ALWAYS
    rule.save()
    assert [asked(alone, 1), asked(sandbox, 2)] == [True, False]
    assert controls.needs_second_person(system_actor("schedule"), master, FREEZE, n_accounts=2) is None


def test_what_is_asked_for_happens_when_a_second_person_agrees(acme_manager: Persona, acme_master: Persona) -> None:
    """Freeze, policy and an undo: nothing changes by asking, once more is refused, the asker cannot decide; then it is
    done as by the asker and judged anew."""
    acme = acme_manager.partner
    for action in controls.ACTION.values():
        ApprovalRule.objects.create(partner=acme, action=action, when=When.ALWAYS)
    account = make_account(acme, quota=D(10), shutdown_policy="delayStop", overdraft=D(777))
    sub = make_account(acme, trustee=account)

    for what, value, before in ((FREEZE, "frozen", "normal"), (POLICY, "noStop", "delayStop")):
        approval = change(acme_manager, account, what, value, confirmed=2)
        assert isinstance(approval, Approval)
        with pytest.raises(AlreadyAsked):
            change(acme_manager, account, what, value)
        with pytest.raises(FirstPerson):
            approvals.decide(actor=acme_manager.actor, approval_pk=approval.pk, approve=True)
        assert not ControlChange.objects.filter(what=what).exists()
        described = get_checked(approval.action).describe(actor=acme_master.actor, approval=approval)
        facts = {str(name): text for name, text in described.facts}
        assert facts["UID"] == account.uid
        assert facts["Financial trusteeship sub-accounts that follow"] == "1"
        assert account.uid in str(described.effect)

        approvals.decide(actor=acme_master.actor, approval_pk=approval.pk, approve=True)

        own = ControlChange.objects.get(what=what, account=account)
        assert (own.before, own.after, own.operator) == (before, value, acme_manager.actor.label)
        assert ControlChange.objects.filter(what=what, cause=account, account=sub).exists()

    undoing = controls.undo(actor=acme_manager.actor, operation_id=own.operation_id, reason="mistake")
    assert isinstance(undoing, Approval)
    assert read(account).shutdown_policy == "noStop"
    approvals.decide(actor=acme_master.actor, approval_pk=undoing.pk, approve=True)
    assert (read(account).shutdown_policy, read(account).overdraft) == ("delayStop", D(777))
    assert ControlChange.objects.get(account=account, undoes=own.operation_id).reason == "mistake"


def test_the_world_moved_on_while_a_second_person_was_asked(acme_manager: Persona, acme_master: Persona) -> None:
    acme = acme_manager.partner
    ApprovalRule.objects.create(partner=acme, action=controls.ACTION[FREEZE], when=When.ALWAYS)
    system = system_actor("test")

    def ask(value: str = "frozen", **fields: Any) -> tuple[LinkedAccount, Approval]:
        account = make_account(acme, quota=D(10), **fields)
        return account, change(acme_manager, account, value=value)

    grown, grows = ask()
    make_account(acme, trustee=grown)
    frozen, repeats = ask()
    uids.set_control(actor=system, account_pk=frozen.pk, what=FREEZE, value="frozen", reason="x")
    spent, owes = ask("normal", payg_frozen=True)
    in_arrears(spent)
    gone, ended = ask()
    LinkedAccount.objects.filter(pk=gone.pk).update(relationship=Relationship.TERMINATED)
    before = ControlChange.objects.count()

    for approval, code in (
        (grows, "cascade_moved"),
        (repeats, "already_frozen"),
        (owes, "in_arrears"),
        (ended, "not_live"),
    ):
        with pytest.raises(Conflict) as refusal:
            approvals.decide(actor=acme_master.actor, approval_pk=approval.pk, approve=True)
        assert refusal.value.code == code
        assert Approval.objects.get(pk=approval.pk).state == "waiting"
    _left, leaves = ask()
    acme_manager.membership.role = Role.FINANCE.value  # type: ignore[union-attr]
    acme_manager.membership.save()  # type: ignore[union-attr]
    with pytest.raises(AskerMayNot):
        approvals.decide(actor=acme_master.actor, approval_pk=leaves.pk, approve=True)
    assert ControlChange.objects.count() == before


def test_undo_by_action(acme_manager: Persona, acme_master: Persona, outsider: Persona) -> None:
    acme = acme_manager.partner
    one, two = make_account(acme), make_account(acme, shutdown_policy="delayStop", overdraft=D(650))
    frozen, many = uuid.uuid4(), uuid.uuid4()
    change(acme_manager, one, operation_id=frozen)
    both = controls.change_many(
        actor=acme_manager.actor,
        account_pks=[one.pk, two.pk],
        what=POLICY,
        value="noStop",
        reason="x",
        operation_id=many,
    )
    assert len(both.changed) == 2

    for persona, operation, error in (
        (outsider, frozen, NotFound),
        (acme_manager, uuid.uuid4(), NotFound),
        (acme_manager, many, ManyAtOnce),
    ):
        with pytest.raises(error):
            controls.undo(actor=persona.actor, operation_id=operation, reason="mistake")
    with pytest.raises(ReasonMissing):
        controls.undo(actor=acme_manager.actor, operation_id=frozen, reason="")

    assert not controls.undo(actor=acme_master.actor, operation_id=frozen, reason="mistake").payg_frozen  # type: ignore[union-attr]
    with pytest.raises(ChangedSince, match=r"owner@acme\.example"):
        controls.undo(actor=acme_manager.actor, operation_id=frozen, reason="mistake")

    back = controls.undo_many(
        actor=acme_manager.actor, operation_id=many, account_pks=[one.pk, two.pk], reason="all", undo_id=uuid.uuid4()
    )
    assert len(back.changed) == 2
    assert (read(one).shutdown_policy, read(two).shutdown_policy, read(two).overdraft) == (
        "immediatelyStop", "delayStop", D(650),
    )  # fmt: skip


def test_many_at_once_each_with_its_own_reason(acme_manager: Persona) -> None:
    """Those in arrears stay frozen, on the way out and on the way back; each gets the overdraft of its own use."""
    acme = acme_manager.partner
    free, owing = make_account(acme, payg_frozen=True, quota=D(1)), make_account(acme, payg_frozen=True, quota=D(1))
    ended = make_account(acme, relationship=Relationship.TERMINATED)
    in_arrears(owing)
    pks = [free.pk, owing.pk, ended.pk]

    def many(what: Control, value: str, operation: uuid.UUID) -> uids.Batch:
        return controls.change_many(
            actor=acme_manager.actor, account_pks=pks, what=what, value=value, reason="x", operation_id=operation
        )

    def codes(batch: uids.Batch) -> dict[int, str]:
        return {account.pk: error.code for account, error in batch.refused}

    assert codes(many(FREEZE, "normal", uuid.uuid4())) == {owing.pk: "in_arrears", ended.pk: "not_live"}
    again = uuid.uuid4()
    assert codes(many(FREEZE, "frozen", again)) == {owing.pk: "already_frozen", ended.pk: "not_live"}
    in_arrears(free)
    back = controls.undo_many(
        actor=acme_manager.actor, operation_id=again, account_pks=pks, reason="x", undo_id=uuid.uuid4()
    )
    assert codes(back) == {free.pk: "in_arrears"}

    CreditAccount.objects.filter(pk=free.pk).update(daily_use=D(100))
    many(POLICY, "delayStop", uuid.uuid4())
    assert (read(free).overdraft, read(owing).overdraft) == (D(1500), D(600))
