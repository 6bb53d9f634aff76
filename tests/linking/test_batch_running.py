"""The run of a batch: the pace of the mails, every row's own outcome, and being interrupted anywhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from linking import services
from linking.models import BatchRow, Invitation, InvitationMail, LinkBatch
from linking.models.batch import BatchKind, BatchState, RowOutcome
from linking.services import batches
from linking.services.batches import acting, running, sweeping
from linking.states import DeclineReason, InvitationState, MailKind
from partner_console.access.models import Membership
from partner_console.approvals import services as approvals
from partner_console.approvals.models import Approval
from partner_console.audit.actions import Action
from partner_console.audit.models import AuditEntry
from partner_console.errors import Conflict, Forbidden, Invalid, NotFound
from tests.linking.batch_support import checked, csv_of, customers, outcomes, run, started, verdicts
from tests.linking.conftest import UID, send

if TYPE_CHECKING:
    from tests.personas import Persona

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
D = RowOutcome.DONE.value


def at(minutes: float) -> Any:
    return time_machine.travel(START + timedelta(minutes=minutes), tick=False)


def test_rows_become_invitations_at_the_pace_of_the_mail_limit(acme_manager: Persona) -> None:
    with at(0):
        batch = run(started(acme_manager.actor, customers(20)))

        assert (batch.state, Invitation.objects.count()) == (BatchState.PACED, 8), "two are left to people"
        assert batch.next_at == START + timedelta(minutes=5)
        send(acme_manager, uid="6113766248601929", email="by-hand@x.example")
        assert run(batch).state == BatchState.PACED, "not before its time, whoever wakes it"
    with at(5):
        batches.sweep_batches()
        batch.refresh_from_db()
        assert Invitation.objects.filter(state=InvitationState.SENT).count() == 17
    with at(10):
        batches.sweep_batches()
        batch.refresh_from_db()

    assert (batch.state, outcomes(batch)) == (BatchState.DONE, [D] * 20)
    assert InvitationMail.objects.count() == 21
    assert batch.counts == {"ok": 20, "done": 20}
    actions = (
        AuditEntry.objects.filter(subject_type="linking.linkbatch").order_by("pk").values_list("action", flat=True)
    )
    assert list(actions) == [Action.LINK_BATCH_MADE, Action.LINK_BATCH_STARTED, Action.LINK_BATCH_FINISHED]


def test_a_row_carries_everything_it_says(acme_manager: Persona) -> None:
    headers = (
        "CRM ref", "Company", "Customer account", "Contact e-mail", "Country", "Owner", "Credit line USD", "Warn at %",
        "Purpose", "Language", "Shutdown policy", "Environment", "Remarks",
    )  # fmt: skip
    row = (
        "CRM-7", "さくら 株式会社", UID, "it@company1.example", "Japan", "Mei Lin", "3,949.43", "35%", "plan change",
        "日本語", "延迟停机", "sandbox", "large",
    )  # fmt: skip
    run(started(acme_manager.actor, csv_of(row, headers=headers)))

    found = Invitation.objects.get()
    assert (found.crm_reference, found.company, found.uid, found.email) == ("CRM-7", "さくら 株式会社", UID, row[3])
    assert (found.country, found.business_manager, str(found.quota), found.warning_percent) == (
        "JP", "Mei Lin", "3949.43", 35,
    )  # fmt: skip
    assert (found.purpose, found.language, found.shutdown_policy) == ("plan change", "ja", "delayStop")
    assert (found.environment, found.remarks, found.created_by) == ("sandbox", "large", acme_manager.user)


def test_large_quotas_wait_for_a_second_person(acme_manager: Persona) -> None:
    batch = run(started(acme_manager.actor, customers(2, quota="10000")))

    assert outcomes(batch) == [RowOutcome.CHECK] * 2
    assert set(Invitation.objects.values_list("state", flat=True)) == {InvitationState.AWAITING_CHECK}
    assert not InvitationMail.objects.exists()
    assert batch.n_done == 2


def test_whoever_starts_a_colleagues_file_is_not_its_second_person(acme_manager: Persona, acme_master: Persona) -> None:
    batch = checked(acme_manager.actor, customers(1, quota="10000"))
    batches.start(actor=acme_master.actor, batch_pk=batch.pk, in_background=False)
    run(batch)

    assert Invitation.objects.get().created_by == acme_master.user
    waiting = Approval.objects.get()
    assert (waiting.asked_by, waiting.involved) == (acme_master.user, [acme_master.actor.user_pk])
    with pytest.raises(Forbidden):
        approvals.decide(actor=acme_master.actor, approval_pk=waiting.pk, approve=True, typed=waiting.blind_answer)


def test_a_row_that_is_refused_by_now_fails_alone_and_is_tried_again(acme_manager: Persona) -> None:
    with at(0):
        batch = started(acme_manager.actor, customers(3))
        second = BatchRow.objects.filter(batch=batch).order_by("number")[1]
        meanwhile = send(acme_manager, uid=second.uid, email="colleague@x.example")
        batch = run(batch)

        assert outcomes(batch) == [D, "failed", D]
        second.refresh_from_db()
        assert "has an open invitation" in second.reason
        services.withdraw(actor=acme_manager.actor, invitation_pk=meanwhile.pk)
        rows = list(BatchRow.objects.filter(batch=batch).values_list("pk", flat=True))
        batches.try_again(actor=acme_manager.actor, batch_pk=batch.pk, row_pks=rows, in_background=False)

        batch = run(batch)
        assert (batch.state, outcomes(batch)) == (BatchState.DONE, [D, D, D])
        with pytest.raises(Conflict):
            batches.try_again(actor=acme_manager.actor, batch_pk=batch.pk, row_pks=rows)
    assert InvitationMail.objects.count() == 4


def test_a_redelivered_message_does_nothing(acme_manager: Persona) -> None:
    batch = run(started(acme_manager.actor, customers(3)))

    for _ in range(2):
        run(batch)
        batches.sweep_batches()

    assert Invitation.objects.count() == 3
    batches.run_batch(batch_pk=-1)
    with pytest.raises(Conflict):
        batches.start(actor=acme_manager.actor, batch_pk=batch.pk)


def test_a_killed_workers_successor_goes_on_at_the_next_row(
    acme_manager: Persona, monkeypatch: pytest.MonkeyPatch
) -> None:
    with at(0):
        batch = started(acme_manager.actor, customers(4))
        act, calls = acting.act, list[int]()

        def killed(*args: Any) -> Invitation:
            if len(calls) == 2:
                raise KeyboardInterrupt
            calls.append(1)
            return act(*args)

        monkeypatch.setattr(acting, "act", killed)
        with pytest.raises(KeyboardInterrupt):
            batches.run_batch(batch_pk=batch.pk)
        batch.refresh_from_db()
        assert (batch.state, outcomes(batch)) == (BatchState.RUNNING, [D, D, "waiting", "waiting"])
        monkeypatch.setattr(acting, "act", act)
        run(batch)
        assert Invitation.objects.count() == 2, "still the first worker's, for all we know"
    with at(4):
        batches.sweep_batches()
        batch.refresh_from_db()

    assert (batch.state, outcomes(batch)) == (BatchState.DONE, [D] * 4)
    assert Invitation.objects.count() == InvitationMail.objects.count() == 4


def test_a_worker_that_lost_its_batch_writes_nothing(acme_manager: Persona) -> None:
    batch = started(acme_manager.actor, customers(2))
    claimed = running.claim(batch.pk)
    assert claimed is not None
    LinkBatch.objects.filter(pk=batch.pk).update(attempts=99)

    running.work(claimed)

    assert not Invitation.objects.exists()


def test_a_batch_that_is_interrupted_again_and_again_is_given_up(acme_manager: Persona) -> None:
    batch = started(acme_manager.actor, customers(1))
    for n in range(5):
        LinkBatch.objects.filter(pk=batch.pk).update(state=BatchState.RUNNING, heartbeat_at=START)
        sweeping.recover_silent()
        batch.refresh_from_db()
        assert (batch.state == BatchState.FAILED) == (n == 4)
    assert outcomes(batch) == ["failed"]


def test_cancelling_keeps_what_was_sent(acme_manager: Persona, outsider: Persona, acme_readonly: Persona) -> None:
    with at(0):
        batch = run(started(acme_manager.actor, customers(12)))
        for persona, error in ((outsider, NotFound), (acme_readonly, Forbidden)):
            with pytest.raises(error):
                batches.cancel(actor=persona.actor, batch_pk=batch.pk)
        batches.cancel(actor=acme_manager.actor, batch_pk=batch.pk)
    with at(6):
        batches.sweep_batches()
        batch.refresh_from_db()

    assert (batch.state, outcomes(batch)) == (BatchState.CANCELLED, [D] * 8 + ["failed"] * 4)
    assert Invitation.objects.count() == 8
    with pytest.raises(Conflict):
        batches.cancel(actor=acme_manager.actor, batch_pk=batch.pk)


def test_a_member_who_left_sends_nothing_more(acme_manager: Persona) -> None:
    batch = started(acme_manager.actor, customers(2))
    Membership.objects.filter(user=acme_manager.user).update(is_active=False)

    batch = run(batch)

    assert batch.state == BatchState.FAILED
    assert "no longer a member" in batch.error
    assert not Invitation.objects.exists()


def chosen(persona: Persona, kind: BatchKind, *invitations: Invitation, reason: str = "") -> LinkBatch:
    batch = batches.choose(actor=persona.actor, kind=kind, invitations=invitations)
    if batch.n_going:
        batches.start(actor=persona.actor, batch_pk=batch.pk, reason=reason, in_background=False)
        run(batch)
    return batch


def test_many_are_withdrawn_with_one_reason(acme_manager: Persona) -> None:
    first, second = send(acme_manager), send(acme_manager, uid="6113766248601929", email="b@x.example")
    services.withdraw(actor=acme_manager.actor, invitation_pk=second.pk)

    batch = chosen(acme_manager, BatchKind.WITHDRAW, first, second, reason="Campaign ended")

    assert [verdict for verdict, _reason in verdicts(batch)] == ["ok", "ok"], "as they were read"
    assert outcomes(batch) == [D, "failed"]
    first.refresh_from_db()
    assert first.state == InvitationState.WITHDRAWN
    entry = AuditEntry.objects.filter(action=Action.LINK_WITHDRAWN, subject_pk=first.pk).get()
    assert entry.note == "Campaign ended"


def test_the_dry_run_of_a_choice_says_what_would_happen_and_changes_nothing(acme_manager: Persona) -> None:
    waiting = send(acme_manager)
    declined = send(acme_manager, uid="6113766248601929", email="b@x.example")
    services.decline(
        actor=services.customer_actor(declined), token=declined.fresh_token, code=DeclineReason.TERMS, reason=""
    )
    both = list(Invitation.objects.order_by("pk"))

    said = {
        kind: [
            verdict
            for verdict, _reason in verdicts(batches.choose(actor=acme_manager.actor, kind=kind, invitations=both))
        ]
        for kind in (BatchKind.REMIND, BatchKind.WITHDRAW, BatchKind.REINVITE)
    }

    assert said == {
        BatchKind.REMIND: ["ok", "refuse"],
        BatchKind.WITHDRAW: ["ok", "refuse"],
        BatchKind.REINVITE: ["refuse", "warn"],
    }
    waiting.refresh_from_db()
    assert waiting.state == InvitationState.SENT
    assert InvitationMail.objects.count() == 2


def test_many_are_reminded_within_the_limits(acme_manager: Persona) -> None:
    with at(-60):
        invitations = [send(acme_manager, uid=f"51137662486019{n:02}", email=f"c{n}@x.example") for n in range(10)]
    with at(0):
        batch = chosen(acme_manager, BatchKind.REMIND, *invitations)
        assert outcomes(batch).count(D) == 8
    with at(5):
        batches.sweep_batches()

    assert InvitationMail.objects.filter(kind=MailKind.REMINDER).count() == 10


def test_many_are_invited_anew_with_what_was_asked_before(acme_manager: Persona) -> None:
    with time_machine.travel(START - timedelta(days=20), tick=False):
        old = send(acme_manager, remarks="keep me", warning_percent=35, valid_days=10, language="ja")
    with at(0):
        batch = chosen(acme_manager, BatchKind.REINVITE, old)

    old.refresh_from_db()
    new = Invitation.objects.exclude(pk=old.pk).get()
    assert old.state == InvitationState.REPLACED
    assert (new.state, new.uid, new.remarks, new.warning_percent, new.valid_days, new.language) == (
        InvitationState.SENT, UID, "keep me", 35, 10, "ja",
    )  # fmt: skip
    assert BatchRow.objects.get(batch=batch).invitation == new


def test_a_choice_of_nothing_or_of_too_many_is_refused(acme_manager: Persona, acme_readonly: Persona) -> None:
    invitation = send(acme_manager)
    with pytest.raises(Invalid):
        batches.choose(actor=acme_manager.actor, kind=BatchKind.REMIND, invitations=[])
    with pytest.raises(Invalid):
        batches.choose(actor=acme_manager.actor, kind=BatchKind.INVITE, invitations=[invitation])
    with pytest.raises(Invalid, match="5,000"):
        batches.choose(actor=acme_manager.actor, kind=BatchKind.REMIND, invitations=[invitation] * 5001)
    with pytest.raises(Forbidden):
        batches.choose(actor=acme_readonly.actor, kind=BatchKind.REMIND, invitations=[invitation])


def test_old_batches_keep_no_customers_data_and_abandoned_ones_close(acme_manager: Persona) -> None:
    with at(0):
        done = run(started(acme_manager.actor, customers(1)))
        forgotten = checked(acme_manager.actor, csv_of(("9113766248601929", "K", "k@x.example", "JP", "1")))
    with at(60 * 24 * 31):
        batches.sweep_batches()

    forgotten.refresh_from_db()
    assert forgotten.state == BatchState.CANCELLED
    assert list(BatchRow.objects.filter(batch=done).values_list("cells", flat=True)) == [[]]
    with pytest.raises(Conflict):
        batches.start(actor=acme_manager.actor, batch_pk=forgotten.pk)
