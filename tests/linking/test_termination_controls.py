"""The end of a relationship meets switches, plans, trusteeship and bulk changes: what is in the way, what is over."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from linking import blockers
from linking.errors import CannotTerminate
from linking.models import Termination
from linking.services import settling, wrong_link
from linking.states import Side, TerminationState
from partner_console.access.actor import system_actor
from partner_console.approvals import services as approvals
from partner_console.approvals.models import Approval, ApprovalRule
from partner_console.approvals.states import When
from partner_console.audit.actions import Action
from partner_console.audit.models import AuditEntry
from partner_console.cloud import services as cloud
from partner_console.cloud.models import CloudCommand
from quota.models import CreditAccount
from quota.services import boosts, bulk, controls, enforcing, money, scheduling, trusteeship
from quota.services.scheduling import Plan
from quota.states import EntryKind
from tests.factories import make_account
from tests.quota.support import move
from uids.bulk_wording import CONTROLS
from uids.errors import NotLive, TrusteeshipImpossible
from uids.models import ControlChange, LinkedAccount, ScheduledControl
from uids.models.scheduled import ScheduleState
from uids.services.bulk import Change
from uids.states import Relationship

if TYPE_CHECKING:
    from collections.abc import Callable

    from partner_console.access.actor import Actor
    from partner_console.access.models import Partner
    from tests.personas import Persona

pytestmark = pytest.mark.django_db
WORKER = system_actor("test worker")


def account_of(partner: Partner, **fields: Any) -> LinkedAccount:
    return make_account(partner, quota=Decimal(100), is_enterprise=True, **fields)


def left(account: LinkedAccount, side: Side = Side.PARTNER) -> list[str]:
    fresh = LinkedAccount.objects.select_related("partner", "trustee").get(pk=account.pk)
    found = blockers.to_settle(fresh, side)
    assert all(one.reason and one.clears for one in found)
    return [one.code for one in found]


def set_switch(actor: Actor, account: LinkedAccount, what: str, value: str) -> Any:
    return controls.change_control(actor=actor, account_pk=account.pk, what=what, value=value, reason="x")


def plan(actor: Actor, account: LinkedAccount, what: str = "payg_freeze", value: str = "frozen") -> Any:
    wanted = Plan(what=what, value=value, starts_at=timezone.now() + timedelta(days=2))
    return scheduling.plan_control(actor=actor, account_pk=account.pk, plan=wanted, reason="x")


def put_under(actor: Actor, account: LinkedAccount, master_pk: int | None) -> LinkedAccount:
    return trusteeship.set_trustee(actor=actor, account_pk=account.pk, trustee_pk=master_pk, reason="x")


def end(account: LinkedAccount) -> None:
    LinkedAccount.objects.filter(pk=account.pk).update(relationship=Relationship.TERMINATED)
    account.refresh_from_db()


def stop(account: LinkedAccount) -> None:
    move(account, EntryKind.USAGE, undeducted="137.20")
    enforcing.enforce(actor=WORKER, account_pk=account.pk)


def answered(account: LinkedAccount) -> None:
    """The cloud has done what it was asked."""
    while CloudCommand.objects.filter(uid=account.uid, state="queued").exists():
        cloud.send_due(uid=account.uid)


def test_what_is_left_to_settle_and_what_clears_it(acme: Partner, acme_manager: Persona, acme_master: Persona) -> None:
    actor = acme_manager.actor
    ApprovalRule.objects.create(partner=acme, action=Action.SHUTDOWN_POLICY_CHANGED, when=When.ALWAYS)

    def pay(account: LinkedAccount) -> None:
        move(account, EntryKind.USAGE, undeducted="-137.20")

    def stop_and_pay(account: LinkedAccount) -> None:
        stop(account)
        pay(account)

    def resume(account: LinkedAccount) -> None:
        pay(account)
        enforcing.enforce(actor=WORKER, account_pk=account.pk)

    # What is done to an account, what the partner and the customer then read, and what clears it.
    rows: list[tuple[Callable[[LinkedAccount], Any], list[str], list[str], Callable[[LinkedAccount], Any]]] = [
        (lambda _row: None, [], [], lambda _row: None),
        (
            lambda row: set_switch(actor, row, "payg_freeze", "frozen"),
            ["frozen"],
            ["frozen"],
            lambda row: set_switch(actor, row, "payg_freeze", "normal"),
        ),
        (stop, ["in_arrears", "undeducted"], ["in_arrears", "undeducted"], resume),
        (
            stop_and_pay,
            ["stopped"],
            ["stopped"],
            lambda row: enforcing.enforce(actor=WORKER, account_pk=row.pk),
        ),
        (
            lambda row: plan(actor, row),
            ["planned"],
            ["under_way"],
            lambda row: scheduling.cancel_plan(
                actor=actor, plan_pk=ScheduledControl.objects.get(account=row).pk, reason="x"
            ),
        ),
        (
            lambda row: set_switch(actor, row, "shutdown_policy", "noStop"),
            ["second_person"],
            ["under_way"],
            lambda row: approvals.withdraw(actor=actor, approval_pk=Approval.objects.get(subject_pk=row.pk).pk),
        ),
        # A ban on purchases is in nobody's way.
        (lambda row: set_switch(actor, row, "purchase_control", "ban"), [], [], lambda _row: None),
    ]
    for do, partner_reads, customer_reads, clear in rows:
        account = account_of(acme)
        do(account)
        assert left(account)[len(partner_reads) :] in ([], ["orders_open"])
        answered(account)
        assert left(account) == partner_reads
        assert left(account, Side.CUSTOMER) == customer_reads
        clear(account)
        answered(account)
        assert left(account) == []
    master, sub = account_of(acme), account_of(acme)
    put_under(actor, sub, master.pk)
    answered(sub)
    assert (left(master), left(sub)) == (["holds_sub_accounts"], ["held_by_master"])
    put_under(actor, sub, None)
    answered(sub)
    assert (left(master), left(sub)) == ([], [])


def test_an_ended_account_refuses_every_change_with_the_reason(
    acme: Partner, acme_manager: Persona, acme_master: Persona
) -> None:
    actor, normal = acme_manager.actor, account_of(acme)
    account, asked = account_of(acme), account_of(acme, shutdown_policy="delayStop")
    frozen = set_switch(actor, account, "payg_freeze", "frozen")
    operation = ControlChange.objects.get(account=frozen).operation_id
    waiting = plan(actor, account, "purchase_control", "ban")
    ApprovalRule.objects.create(partner=acme, action=Action.SHUTDOWN_POLICY_CHANGED, when=When.ALWAYS)
    approval = set_switch(actor, asked, "shutdown_policy", "noStop")
    ApprovalRule.objects.all().delete()
    move(account, EntryKind.USAGE, undeducted="137.20")
    for row in (account, asked):
        end(row)
    soon = timezone.now() + timedelta(days=1)
    changes: dict[str, Callable[[], Any]] = {
        "freeze": lambda: set_switch(actor, account, "payg_freeze", "frozen"),
        "unfreeze": lambda: set_switch(actor, account, "payg_freeze", "normal"),
        "ban": lambda: set_switch(actor, account, "purchase_control", "ban"),
        "policy": lambda: set_switch(actor, account, "shutdown_policy", "noStop"),
        "undo": lambda: controls.undo(actor=actor, operation_id=operation, reason="x"),
        "plan": lambda: plan(actor, account, "shutdown_policy", "noStop"),
        "second person": lambda: approvals.decide(actor=acme_master.actor, approval_pk=approval.pk, approve=True),
        "sub-account": lambda: put_under(actor, account, normal.pk),
        "boost": lambda: boosts.start_boost(
            actor=acme_master.actor, account_pk=account.pk, version=1, amount=Decimal(1), until=soon, reason="x"
        ),
        "write-off": lambda: money.write_off(
            actor=acme_master.actor, account_pk=account.pk, version=1, amount=Decimal(1), reason="x"
        ),
        "refund": lambda: money.refund(
            actor=acme_master.actor, account_pk=account.pk, version=1, amount=Decimal(1), reason="x"
        ),
    }
    counted = (ControlChange, CloudCommand, AuditEntry, ScheduledControl, Approval)
    before = [model.objects.count() for model in counted]
    for name, change in changes.items():
        with pytest.raises(NotLive, match="its record is kept and can no longer be changed"):
            change()
        assert [model.objects.count() for model in counted] == before, name
    with pytest.raises(TrusteeshipImpossible, match="only a normal relationship"):
        put_under(actor, normal, account.pk)

    # Programs leave it alone: nothing is stopped, planned changes do not begin, and in bulk it is named.
    assert enforcing.enforce(actor=WORKER, account_pk=account.pk) is False
    enforcing.sweep(actor=WORKER)
    everything = bulk.Selection("", {}, (account.pk, normal.pk))
    for what, value in (("payg_freeze", "frozen"), ("purchase_control", "ban"), ("shutdown_policy", "noStop")):
        change_of = Change(CONTROLS, what=what, value=value, reason="x")
        edit = bulk.start_bulk_edit(actor=actor, selection=everything, change=change_of, confirmed=1)
        assert (edit.n_changed, [row[2] for row in edit.refusals]) == (1, ["not_live"])
    assert waiting.pk
    assert ControlChange.objects.filter(account=account).count() == 1
    account.refresh_from_db()
    assert (account.payg_frozen, account.payg_stopped_at, account.shutdown_policy) == (True, None, "immediatelyStop")


def test_with_the_relationship_end_its_plans_and_its_stop_line(acme: Partner, acme_master: Persona) -> None:
    account = account_of(acme, email="it@kaito.example")
    waiting = plan(acme_master.actor, account)
    undone = wrong_link.undo(actor=acme_master.actor, account_pk=account.pk, reason="Not them")

    for _redelivered in range(2):
        answered(account)
        settling.settle(actor=WORKER, termination_pk=undone.pk)

    undone.refresh_from_db()
    waiting.refresh_from_db()
    assert undone.state == TerminationState.TERMINATED
    assert (waiting.state, waiting.cause, waiting.due_at) == (
        ScheduleState.CANCELLED, "The relationship has ended.", None
    )  # fmt: skip
    assert AuditEntry.objects.filter(action=Action.CONTROL_PLAN_CANCELLED, subject_pk=account.pk).count() == 1
    assert CreditAccount.objects.get(pk=account.pk).stop_line is None


def test_an_end_elsewhere_is_not_recorded_while_money_is_held(acme: Partner, acme_master: Persona) -> None:
    master = account_of(acme)
    sub = account_of(acme, trustee=master)
    for row in (master, sub):
        LinkedAccount.objects.filter(pk=row.pk).update(relationship=Relationship.IN_PROCESS)
        with pytest.raises(CannotTerminate) as refused:
            settling.record_outside(actor=acme_master.actor, account_pk=row.pk, has_ended=True, note="seen there")
        assert [one.url for one in refused.value.blockers] == [f"/uids/{row.uid}/trusteeship/"]
    assert not Termination.objects.exists()

    put_under(acme_master.actor, sub, None)
    for row in (master, sub):
        settling.record_outside(actor=acme_master.actor, account_pk=row.pk, has_ended=True, note="seen there")
    assert not LinkedAccount.objects.live().filter(pk__in=[master.pk, sub.pk]).exists()
