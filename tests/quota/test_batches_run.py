"""Many quotas: the run, the second person, and being interrupted anywhere."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from partner_console.access.models import Membership
from partner_console.approvals import services as approvals
from partner_console.approvals.models import Approval
from partner_console.audit.actions import Action
from partner_console.audit.models import AuditEntry
from partner_console.cloud.models import CloudCommand, Operation
from partner_console.errors import Conflict, DomainError, Forbidden, NotFound
from quota.models import LedgerEntry, QuotaBatch
from quota.models.quota_batch import QuotaBatchState, QuotaRowOutcome
from quota.services import batches, edit_quota, edits
from quota.services.batches import running
from quota.states import EntryKind
from tests.factories import make_account
from tests.quota.batch_support import amount_of, checked, csv_of, outcomes, rows_of, run, started
from tests.quota.support import move, never_ask
from uids.models import LinkedAccount
from uids.states import Relationship

if TYPE_CHECKING:
    from pathlib import Path

    from tests.personas import Persona

D = Decimal
S, R = QuotaBatchState, QuotaRowOutcome
UIDS = ("1792155717328011", "1792155717328027", "1792155717328033")
THREE = csv_of((UIDS[0], "1600"), (UIDS[1], "1700"), (UIDS[2], "1800"))
ADDED = csv_of((UIDS[0], "+10"), (UIDS[1], "10"), headers=("UID", "Add or subtract"))


@pytest.fixture
def accounts(acme_finance: Persona) -> list[LinkedAccount]:
    return [make_account(acme_finance.partner, uid, quota=D("1500")) for uid in UIDS]


def amounts(accounts: list[LinkedAccount]) -> list[Decimal]:
    return [amount_of(account) for account in accounts]


def adjusted() -> Any:
    return LedgerEntry.objects.filter(kind=EntryKind.QUOTA_ADJUST).order_by("pk")


def test_every_row_is_an_entry_a_trail_and_an_order(acme_finance: Persona, accounts: list[LinkedAccount]) -> None:
    batch = run(started(acme_finance.actor, THREE))

    assert (batch.state, outcomes(batch)) == (S.DONE, [R.DONE] * 3)
    assert amounts(accounts) == [D(1600), D(1700), D(1800)]
    entries = list(adjusted())
    assert {(one.operation_id, one.reason, one.operator) for one in entries} == {
        (batch.operation_id, "New contract", "finance@acme.example")
    }
    assert [one.idempotency_key for one in entries] == [f"quota-batch:{batch.pk}:{n}" for n in (2, 3, 4)]
    trail = AuditEntry.objects.filter(action=Action.QUOTA_ADJUSTED)
    assert set(trail.values_list("subject_pk", "note")) == {(account.pk, "New contract") for account in accounts}
    orders = CloudCommand.objects.filter(operation=Operation.SET_QUOTA).order_by("uid")
    assert [order.payload["amount"] for order in orders] == ["1600.00", "1700.00", "1800.00"]
    actions = AuditEntry.objects.filter(subject_type="quota.quotabatch").order_by("pk").values_list("action", flat=True)
    assert list(actions) == [Action.QUOTA_BATCH_MADE, Action.QUOTA_BATCH_STARTED, Action.QUOTA_BATCH_FINISHED]


def test_a_redelivered_message_does_nothing(acme_finance: Persona, accounts: list[LinkedAccount]) -> None:
    batch = run(started(acme_finance.actor, ADDED))

    for _ in range(2):
        run(batch)
        batches.sweep_batches()

    assert amounts(accounts)[:2] == [D(1510), D(1510)]
    batches.run_batch(batch_pk=-1)
    with pytest.raises(Conflict):
        batches.start(actor=acme_finance.actor, batch_pk=batch.pk, reason="again")


def test_a_total_that_changed_since_the_check_is_left_alone(
    acme_finance: Persona, accounts: list[LinkedAccount]
) -> None:
    batch = started(acme_finance.actor, THREE)
    edit_quota(actor=acme_finance.actor, account_pk=accounts[1].pk, version=1, amount=D("1550"), reason="colleague")

    batch = run(batch)

    assert outcomes(batch) == [R.DONE, R.FAILED, R.DONE]
    assert rows_of(batch)[1].reason == ("Its quota was 1,500.00 at the check and is 1,550.00 now. Nothing was changed.")
    assert amounts(accounts) == [D(1600), D(1550), D(1800)]


def test_arrears_nobody_agreed_to_are_refused_at_the_start_and_in_the_run(
    acme_finance: Persona, accounts: list[LinkedAccount]
) -> None:
    move(accounts[0], EntryKind.USAGE, undeducted="900")
    content = csv_of((UIDS[0], "800"), (UIDS[1], "800"))
    with pytest.raises(Conflict) as caught:
        started(acme_finance.actor, content)
    assert (caught.value.field, adjusted().count()) == ("accept_arrears", 0)

    batch = started(acme_finance.actor, content, accept_arrears=True)
    move(accounts[1], EntryKind.USAGE, undeducted="800.000001")
    batch = run(batch)

    assert outcomes(batch) == [R.DONE, R.FAILED]
    assert "Available Quota becomes −0.000001" in rows_of(batch)[1].reason


def test_an_account_that_left_meanwhile_fails_alone(acme_finance: Persona, accounts: list[LinkedAccount]) -> None:
    batch = started(acme_finance.actor, THREE)
    LinkedAccount.objects.filter(pk=accounts[0].pk).update(relationship=Relationship.TERMINATED)

    batch = run(batch)

    assert outcomes(batch) == [R.FAILED, R.DONE, R.DONE]
    assert "Terminated" in rows_of(batch)[0].reason


def test_a_killed_workers_successor_goes_on_at_the_next_row(
    acme_finance: Persona, accounts: list[LinkedAccount], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "AT_ONCE", 1)
    batch = started(acme_finance.actor, THREE)
    set_total, calls = edits.set_total, list[int]()

    def killed(**given: Any) -> None:
        set_total(**given)
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt  # after the entry was written, before the transaction was over

    monkeypatch.setattr(edits, "set_total", killed)
    with pytest.raises(KeyboardInterrupt):
        batches.run_batch(batch_pk=batch.pk)
    monkeypatch.setattr(edits, "set_total", set_total)
    batch.refresh_from_db()
    assert (batch.state, outcomes(batch), adjusted().count()) == (S.RUNNING, [R.DONE, R.WAITING, R.WAITING], 1)
    assert run(batch).state == S.RUNNING, "still the first worker's, for all we know"

    QuotaBatch.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=4))
    batches.sweep_batches()

    batch.refresh_from_db()
    assert (batch.state, outcomes(batch), adjusted().count()) == (S.DONE, [R.DONE] * 3, 3)


def test_a_worker_that_lost_its_batch_writes_nothing(acme_finance: Persona, accounts: list[LinkedAccount]) -> None:
    batch = started(acme_finance.actor, THREE)
    QuotaBatch.objects.update(state=S.RUNNING, attempts=1)
    batch.refresh_from_db()
    QuotaBatch.objects.update(attempts=2)

    running.work(batch)

    assert not adjusted().exists()


def test_a_batch_that_is_interrupted_again_and_again_is_given_up(
    acme_finance: Persona, accounts: list[LinkedAccount]
) -> None:
    batch = started(acme_finance.actor, THREE)
    QuotaBatch.objects.update(state=S.RUNNING, attempts=5, heartbeat_at=timezone.now() - timedelta(minutes=4))

    batches.sweep_batches()

    batch.refresh_from_db()
    assert (batch.state, outcomes(batch)) == (S.FAILED, [R.FAILED] * 3)
    assert not adjusted().exists()


def test_what_is_stopped_keeps_what_was_done(
    acme_finance: Persona, accounts: list[LinkedAccount], outsider: Persona, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "AT_ONCE", 1)
    batch = started(acme_finance.actor, THREE)
    set_total = edits.set_total

    def stopped_meanwhile(**given: Any) -> None:
        set_total(**given)
        QuotaBatch.objects.update(cancel_requested=True)

    monkeypatch.setattr(edits, "set_total", stopped_meanwhile)
    with pytest.raises(NotFound):
        batches.cancel(actor=outsider.actor, batch_pk=batch.pk)
    batch = run(batch)

    assert (batch.state, outcomes(batch)) == (S.CANCELLED, [R.DONE, R.FAILED, R.FAILED])
    assert rows_of(batch)[1].reason == "It was stopped before this row."


def test_rows_that_were_not_done_are_checked_again_once(acme_finance: Persona, accounts: list[LinkedAccount]) -> None:
    batch = started(acme_finance.actor, ADDED)
    edit_quota(actor=acme_finance.actor, account_pk=accounts[0].pk, version=1, amount=D("2000"), reason="colleague")
    batch = run(batch)
    assert outcomes(batch) == [R.FAILED, R.DONE]

    later = batches.again(actor=acme_finance.actor, batch_pk=batch.pk)

    assert [(row.uid, row.before, row.after) for row in rows_of(later)] == [(UIDS[0], D(2000), D(2010))]
    assert (outcomes(batch), later.reason) == ([R.AGAIN, R.DONE], "New contract")
    with pytest.raises(Conflict):
        batches.again(actor=acme_finance.actor, batch_pk=batch.pk)
    batches.start(actor=acme_finance.actor, batch_pk=later.pk, reason="New contract", in_background=False)
    run(later)
    assert amounts(accounts)[:2] == [D(2010), D(1510)]


def test_the_same_amounts_are_not_added_twice_by_accident(acme_finance: Persona, accounts: list[LinkedAccount]) -> None:
    run(started(acme_finance.actor, ADDED))

    with pytest.raises(Conflict) as caught:
        started(acme_finance.actor, ADDED)
    assert (caught.value.field, "added twice" in str(caught.value)) == ("accept_repeat", True)
    run(started(acme_finance.actor, ADDED, accept_repeat=True))

    assert amounts(accounts)[:2] == [D(1520), D(1520)]


def test_one_large_row_makes_the_whole_batch_wait_for_one_second_person(
    acme_finance: Persona, acme_master: Persona, accounts: list[LinkedAccount]
) -> None:
    batch = started(acme_finance.actor, csv_of((UIDS[0], "1600"), (UIDS[1], "10000")))
    assert (batch.state, run(batch).state) == (S.AWAITING, S.AWAITING)
    request = Approval.objects.get()
    assert (request.action, request.subject_pk) == (Action.QUOTA_BATCH_STARTED, batch.pk)

    with pytest.raises(Forbidden):
        approvals.decide(actor=acme_finance.actor, approval_pk=request.pk, approve=True)
    approvals.decide(actor=acme_master.actor, approval_pk=request.pk, approve=True)
    batch = run(batch)

    assert (batch.state, amounts(accounts)[:2]) == (S.DONE, [D(1600), D(10000)])
    assert set(adjusted().values_list("operator", flat=True)) == {"finance@acme.example"}


def test_what_the_second_person_does_not_want_changes_nothing(
    acme_finance: Persona, acme_master: Persona, accounts: list[LinkedAccount]
) -> None:
    content = csv_of((UIDS[1], "10000"))
    first = started(acme_finance.actor, content)
    approvals.decide(actor=acme_master.actor, approval_pk=Approval.objects.get().pk, approve=False, note="Too much")
    first.refresh_from_db()
    assert (first.state, "Too much" in first.error) == (S.CANCELLED, True)

    second = batches.again(actor=acme_finance.actor, batch_pk=first.pk)
    batches.start(actor=acme_finance.actor, batch_pk=second.pk, reason="smaller", in_background=False)
    batches.cancel(actor=acme_finance.actor, batch_pk=second.pk)
    second.refresh_from_db()

    assert second.state == S.CANCELLED
    assert not Approval.objects.waiting().exists()
    assert not adjusted().exists()


def test_whoever_uploaded_it_is_not_its_second_person_either(
    acme_finance: Persona, acme_master: Persona, accounts: list[LinkedAccount]
) -> None:
    batch = checked(acme_master.actor, csv_of((UIDS[1], "10000")))
    batches.start(actor=acme_finance.actor, batch_pk=batch.pk, reason="New contract")

    with pytest.raises(Forbidden):
        approvals.decide(actor=acme_master.actor, approval_pk=Approval.objects.get().pk, approve=True)


def test_a_total_that_moved_while_somebody_decided_is_left_alone(
    acme_finance: Persona, acme_master: Persona, accounts: list[LinkedAccount]
) -> None:
    batch = started(acme_finance.actor, csv_of((UIDS[0], "1600"), (UIDS[1], "10000")))
    edit_quota(actor=acme_master.actor, account_pk=accounts[1].pk, version=1, amount=D("2000"), reason="meanwhile")
    approvals.decide(actor=acme_master.actor, approval_pk=Approval.objects.get().pk, approve=True)

    assert outcomes(run(batch)) == [R.DONE, R.FAILED]


def test_a_member_who_left_changes_nothing_more(acme_finance: Persona, accounts: list[LinkedAccount]) -> None:
    batch = started(acme_finance.actor, THREE)
    Membership.objects.filter(user=acme_finance.user).update(is_active=False)

    batch = run(batch)

    assert (batch.state, "no longer a member" in batch.error) == (S.FAILED, True)
    assert not adjusted().exists()


def test_only_who_may_edit_quotas_starts(
    acme_finance: Persona, acme_readonly: Persona, outsider: Persona, accounts: list[LinkedAccount]
) -> None:
    batch = checked(acme_finance.actor, THREE)

    for persona, error in ((acme_readonly, Forbidden), (outsider, NotFound)):
        with pytest.raises(error):
            batches.start(actor=persona.actor, batch_pk=batch.pk, reason="mine")
    with pytest.raises(DomainError):
        batches.start(actor=acme_finance.actor, batch_pk=batch.pk, reason=" ")
    assert not adjusted().exists()


def test_what_nobody_went_on_with_is_closed(acme_finance: Persona, accounts: list[LinkedAccount]) -> None:
    batch = checked(acme_finance.actor, THREE)
    QuotaBatch.objects.update(created_at=timezone.now() - timedelta(days=8))

    batches.sweep_batches()

    batch.refresh_from_db()
    assert (batch.state, batch.source) == (S.CANCELLED, {})


def test_the_command_checks_then_runs(
    acme_finance: Persona, accounts: list[LinkedAccount], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "quotas.csv"
    path.write_bytes(csv_of((UIDS[0], "1600"), (UIDS[1], "1500"), ("=cmd()", "5")))
    with pytest.raises(SystemExit) as caught:
        call_command("set_quotas", path, partner="acme", dry_run=True)
    assert (caught.value.code, adjusted().count()) == (1, 0)
    assert "4,'=cmd(),5,,,,refuse" in capsys.readouterr().out

    path.write_bytes(csv_of((UIDS[0], "1600"), (UIDS[1], "1500")))
    call_command("set_quotas", path, partner="acme", reason="New contract")
    out, told = capsys.readouterr()
    assert f"2,{UIDS[0]},1600,1500.00,1600.00,1600.000000,ok,done," in out
    assert "1 done" in told
    assert adjusted().get().operator == "set_quotas"

    path.write_bytes(csv_of((UIDS[0], "20000")))
    call_command("set_quotas", path, partner="acme", reason="New contract")
    assert "second person" in capsys.readouterr().err
    assert Approval.objects.get().asked_by is None
    with pytest.raises(CommandError):
        call_command("set_quotas", path, partner="acme")
    with pytest.raises(CommandError):
        call_command("set_quotas", path, partner="nobody", reason="x")


def test_a_rule_that_asks_nobody_lets_large_rows_go(acme_finance: Persona, accounts: list[LinkedAccount]) -> None:
    never_ask(acme_finance.partner)

    assert outcomes(run(started(acme_finance.actor, csv_of((UIDS[0], "50000"))))) == [R.DONE]
