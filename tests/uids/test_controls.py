"""The three switches: set, followed by sub-accounts, recorded, asked of the cloud, previewed, taken back exactly."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from partner_console.audit.actions import Action
from partner_console.audit.models import AuditEntry
from partner_console.cloud.models import CloudCommand, CommandState, Operation
from partner_console.errors import DomainError, Forbidden, Invalid, NotFound
from tests.factories import make_account
from uids import services
from uids.errors import (
    AlreadyFrozen,
    ChangedSince,
    FollowsMaster,
    NotFrozen,
    NotLive,
    ReasonMissing,
    SameControl,
    SamePolicy,
)
from uids.models import ControlChange, LinkedAccount
from uids.previews import own_changes, preview_control, why_not_undo
from uids.states import Control, Relationship

if TYPE_CHECKING:
    from pytest_django import DjangoCaptureOnCommitCallbacks

    from partner_console.access.models import Partner
    from tests.personas import Persona

D = Decimal
FREEZE, PURCHASE, POLICY = Control.PAYG_FREEZE, Control.PURCHASE_CONTROL, Control.SHUTDOWN_POLICY


def switch(
    persona: Persona, account: LinkedAccount, what: Control = FREEZE, value: str = "frozen", **fields: Any
) -> Any:
    given = {"reason": "late payment", **fields}
    return services.set_control(actor=persona.actor, account_pk=account.pk, what=what, value=value, **given)


def read(account: LinkedAccount) -> LinkedAccount:
    found: LinkedAccount = LinkedAccount.objects.select_related("trustee", "partner").get(pk=account.pk)
    return found


def written() -> tuple[int, int, int]:
    return ControlChange.objects.count(), CloudCommand.objects.count(), AuditEntry.objects.count()


def test_each_switch_is_recorded_and_asked_of_the_cloud(acme_manager: Persona, acme: Partner) -> None:
    for what, before, after, state, operation, payload, action in (
        (FREEZE, "normal", "frozen", {"payg_frozen": True}, Operation.FREEZE, {}, Action.ACCOUNT_FROZEN),
        (FREEZE, "frozen", "normal", {"payg_frozen": False}, Operation.THAW, {}, Action.ACCOUNT_UNFROZEN),
        (PURCHASE, "normal", "ban", {"purchase_control": "ban"}, Operation.SET_PURCHASE_CONTROL, {"control": "ban"},
         Action.PURCHASE_CONTROL_CHANGED),
        (PURCHASE, "ban", "normal", {"purchase_control": "normal"}, Operation.SET_PURCHASE_CONTROL,
         {"control": "normal"}, Action.PURCHASE_CONTROL_CHANGED),
        (POLICY, "immediatelyStop", "noStop", {"shutdown_policy": "noStop"}, Operation.SET_POLICY,
         {"policy": "noStop"}, Action.SHUTDOWN_POLICY_CHANGED),
        (POLICY, "noStop", "delayStop", {"shutdown_policy": "delayStop"}, Operation.SET_POLICY,
         {"policy": "delayStop"}, Action.SHUTDOWN_POLICY_CHANGED),
    ):  # fmt: skip
        fields = {FREEZE: "payg_frozen", PURCHASE: "purchase_control", POLICY: "shutdown_policy"}
        former: dict[str, Any] = {fields[what]: before == "frozen" if what is FREEZE else before}
        account = make_account(acme, **former)

        operation_id = uuid.uuid4()
        switch(acme_manager, account, what, after, reason="  late payment ", operation_id=operation_id)

        change = ControlChange.objects.get(account=account)
        command, entry = CloudCommand.objects.get(uid=account.uid), AuditEntry.objects.get(subject_pk=account.pk)
        assert {name: getattr(read(account), name) for name in state} == state
        assert (change.what, change.before, change.after) == (what, before, after)
        assert (change.reason, change.cause, change.undoes) == ("late payment", None, None)
        assert (change.operator, change.operator_uid, change.method) == ("manager@acme.example", "2099", "console")
        assert (command.operation, command.payload, command.state) == (operation, payload, CommandState.QUEUED)
        assert (entry.action, entry.note, *entry.changes) == (action, "late payment", *state)
        assert change.operation_id == command.operation_id == entry.operation_id == operation_id


def test_the_cloud_hears_of_it_after_commit(
    acme_manager: Persona, acme: Partner, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    """Also for an account that came by import: the simulated cloud has not met it before."""
    account = make_account(acme)

    with django_capture_on_commit_callbacks(execute=True):
        switch(acme_manager, account)

    assert CloudCommand.objects.get().state == CommandState.CONFIRMED


def test_sub_accounts_follow_and_the_dry_run_said_so(acme_manager: Persona, acme: Partner) -> None:
    """For each switch: who changes, who is held by a switch of its own, what is so afterwards; then undone."""
    for what, value, own_reason, entry in (
        (FREEZE, "frozen", {"payg_frozen": True}, {"frozen_by_master": [False, True]}),
        (PURCHASE, "ban", {"purchase_control": "ban"}, {"purchase_in_force": ["normal", "ban"]}),
        (POLICY, "noStop", None, {"policy_in_force": ["immediatelyStop", "noStop"]}),
    ):
        master = make_account(acme)
        follows = make_account(acme, trustee=master, shutdown_policy="noStop")
        held = make_account(acme, trustee=master, **(own_reason or {}))
        make_account(acme, trustee=master, relationship=Relationship.TERMINATED)
        make_account(acme)
        preview = preview_control(acme_manager.actor, read(master), what, value)
        said = {row.pk: preview.line(row) for row in preview.rows}
        before = {row.pk: (row.payg_frozen, row.purchase_control, row.shutdown_policy) for row in (follows, held)}

        switch(acme_manager, master, what, value)

        touched = {follows.pk} if own_reason else {follows.pk, held.pk}
        changes = ControlChange.objects.filter(what=what, cause=master)
        assert set(changes.values_list("account", flat=True)) == touched
        assert {pk for pk, line in said.items() if not line.is_same} == touched
        assert {pk for pk, line in said.items() if line.is_held} == {follows.pk, held.pk} - touched
        assert (preview.n_touched, preview.n_held) == (len(touched), 2 - len(touched))
        assert (preview.n_accounts, preview.n_sub_accounts) == (len(touched) + 1, 2)
        own = ControlChange.objects.get(what=what, account=master)
        assert set(changes.values_list("operation_id", "reason")) == {(own.operation_id, own.reason)}
        assert AuditEntry.objects.get(subject_pk=follows.pk).changes == entry
        assert CloudCommand.objects.filter(uid__in=[follows.uid, held.uid]).count() == 0, "one order for all of them"
        for row in (follows, held):
            again = preview_control(acme_manager.actor, read(master), what, value).line(read(row))
            assert again.now == said[row.pk].after, "what the dry run promised is in force"

        services.undo_controls(
            actor=acme_manager.actor,
            operation_id=own.operation_id,
            account_pks=[master.pk],
            reason="paid",
            undo_id=uuid.uuid4(),
        )

        for row in (follows, held):
            now = read(row)
            assert (now.payg_frozen, now.purchase_control, now.shutdown_policy) == before[row.pk]
            assert preview_control(acme_manager.actor, read(master), what, value).line(now).now == said[row.pk].now
        assert ControlChange.objects.filter(what=what, cause=master, undoes=own.operation_id).count() == len(touched)


def test_a_sub_accounts_own_switches(acme_manager: Persona, acme: Partner) -> None:
    """Its freeze and its ban are its own; under a stricter master they change nothing that is in force. Its policy is
    its master's."""
    master = make_account(acme, payg_frozen=True)
    sub = make_account(acme, trustee=master, payg_frozen=True)

    preview = preview_control(acme_manager.actor, read(sub), FREEZE, "normal")
    switch(acme_manager, sub, FREEZE, "normal")

    assert (preview.account.now, preview.account.after, preview.account.is_held) == ("frozen", "frozen", True)
    assert read(sub).effective_payg_status == "frozen"
    shown = preview_control(acme_manager.actor, read(sub), POLICY, "noStop")
    assert isinstance(shown.refusal, FollowsMaster)
    with pytest.raises(FollowsMaster, match=master.uid):
        switch(acme_manager, sub, POLICY, "noStop")


def test_a_refusal_changes_and_writes_nothing(
    acme_manager: Persona, acme: Partner, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    ended = {"relationship": Relationship.TERMINATED}
    for what, value, state, error in (
        (FREEZE, "frozen", {"payg_frozen": True}, AlreadyFrozen),
        (FREEZE, "normal", {}, NotFrozen),
        (PURCHASE, "ban", {"purchase_control": "ban"}, SameControl),
        (PURCHASE, "normal", {}, SameControl),
        (POLICY, "immediatelyStop", {}, SamePolicy),
        (POLICY, "delayStop", {"shutdown_policy": "delayStop"}, SamePolicy),
        (FREEZE, "frozen", ended, NotLive),
        (PURCHASE, "ban", ended, NotLive),
        (POLICY, "noStop", ended, NotLive),
        (FREEZE, "ban", {}, Invalid),
        (Control.PAYG_SHUTDOWN, "stopped", {}, Invalid),
    ):
        account = make_account(acme, **state)
        before = read(account)
        with django_capture_on_commit_callbacks() as scheduled, pytest.raises(error):
            switch(acme_manager, account, what, value)
        assert not scheduled
        now = read(account)
        names = ("payg_frozen", "purchase_control", "shutdown_policy", "overdraft", "updated_at")
        assert [getattr(now, name) for name in names] == [getattr(before, name) for name in names]

    with pytest.raises(ReasonMissing):
        switch(acme_manager, make_account(acme), reason=" \n\x07")
    assert written() == (0, 0, 0)


def test_only_who_may_change_controls(
    acme_finance: Persona, acme_readonly: Persona, agency_master: Persona, outsider: Persona, acme: Partner
) -> None:
    ours, agencys = make_account(acme), make_account(agency_master.partner)
    switch_of_ours = uuid.uuid4()

    for persona, account, error in (
        (acme_finance, ours, Forbidden),
        (acme_readonly, ours, Forbidden),
        (agency_master, agencys, Forbidden),
        (outsider, ours, NotFound),
    ):
        with pytest.raises(error):
            switch(persona, account, operation_id=switch_of_ours)
        with pytest.raises(error):
            services.undo_controls(
                actor=persona.actor,
                operation_id=switch_of_ours,
                account_pks=[account.pk],
                reason="x",
                undo_id=uuid.uuid4(),
            )

    assert written() == (0, 0, 0)


def undo(persona: Persona, operation_id: uuid.UUID, *accounts: LinkedAccount) -> services.Batch:
    pks = [account.pk for account in accounts]
    return services.undo_controls(
        actor=persona.actor, operation_id=operation_id, account_pks=pks, reason="a mistake", undo_id=uuid.uuid4()
    )


def test_undo_is_exact_or_refused(acme_manager: Persona, acme_master: Persona, acme: Partner) -> None:
    """A policy comes back with its former overdraft; an undo is undone like anything else; what somebody decided anew
    stays, and it is said who did."""
    account = make_account(acme, shutdown_policy="delayStop", overdraft=D("812.50"))
    first, second = uuid.uuid4(), uuid.uuid4()
    switch(acme_manager, account, POLICY, "noStop", operation_id=first)

    batch = undo(acme_manager, first, account)

    assert [row.pk for row in batch.changed] == [account.pk]
    assert (read(account).shutdown_policy, read(account).overdraft) == ("delayStop", D("812.50"))
    undone = ControlChange.objects.get(undoes=first)
    assert (undone.before, undone.after, undone.overdraft_after) == ("noStop", "delayStop", D("812.50"))

    again = undo(acme_manager, first, account)
    assert [type(error) for _row, error in again.refused] == [ChangedSince]
    assert not undo(acme_manager, undone.operation_id, account).refused
    assert read(account).shutdown_policy == "noStop"

    switch(acme_master, account, POLICY, "immediatelyStop", operation_id=second)
    (_row, error), *_rest = undo(acme_manager, undone.operation_id, account).refused
    assert "owner@acme.example" in str(error)
    assert read(account).shutdown_policy == "immediatelyStop"
    change = own_changes(acme_manager.actor, second).get()
    assert why_not_undo(acme_manager.actor, read(account), change) is None
    LinkedAccount.objects.filter(pk=account.pk).update(trustee=make_account(acme))
    assert isinstance(why_not_undo(acme_manager.actor, read(account), change), FollowsMaster)
    LinkedAccount.objects.filter(pk=account.pk).update(relationship=Relationship.TERMINATED)
    assert isinstance(why_not_undo(acme_manager.actor, read(account), change), NotLive)


def test_many_accounts_take_as_many_statements_as_two(acme_manager: Persona, acme: Partner) -> None:
    """Set, previewed and taken back: the statements grow neither with the accounts nor with their sub-accounts. Each
    account that cannot be changed comes back with its reason, and the others are changed all the same."""
    counts = []
    for n_masters, n_subs in ((2, 1), (6, 9)):
        masters = [make_account(acme) for _ in range(n_masters)]
        subs = [make_account(acme, trustee=master) for master in masters for _ in range(n_subs)]
        ended, banned = make_account(acme, relationship="terminated"), make_account(acme, purchase_control="ban")
        operation = uuid.uuid4()
        with CaptureQueriesContext(
            connection,
        ) as setting:
            batch = services.set_controls(
                actor=acme_manager.actor,
                account_pks=[row.pk for row in (*masters, ended, banned)],
                what=PURCHASE,
                value="ban",
                reason="no contract",
                operation_id=operation,
            )
        assert (len(batch.changed), batch.n_sub_accounts) == (n_masters, len(subs))
        refusals: dict[int, type[DomainError]] = {row.pk: type(error) for row, error in batch.refused}
        assert refusals == {ended.pk: NotLive, banned.pk: SameControl}
        with CaptureQueriesContext(connection) as looking:
            shown = preview_control(acme_manager.actor, read(masters[0]), PURCHASE, "normal")
            assert len([shown.line(row) for row in shown.rows]) == n_subs
        with CaptureQueriesContext(connection) as undoing:
            back = undo(acme_manager, operation, *masters, banned)
        assert (len(back.changed), back.refused) == (n_masters, [])
        assert ControlChange.objects.filter(undoes=operation).count() == n_masters + len(subs)
        counts.append((len(setting), len(looking), len(undoing)))

    assert counts[0] == counts[1]
