"""Requests that end without a decision: withdrawn, or nobody in time."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone
from post_office.models import Email

from partner_console.access.actor import system_actor
from partner_console.approvals import selectors, services, tasks
from partner_console.approvals.errors import NotWaiting
from partner_console.approvals.models import Approval
from partner_console.audit.models import AuditEntry
from partner_console.errors import Forbidden
from tests.approvals.conftest import Deeds, ask
from tests.factories import make_account

if TYPE_CHECKING:
    from tests.personas import Persona


def turn_back(approval: Approval) -> None:
    """Its time is over."""
    Approval.objects.filter(pk=approval.pk).update(expires_at=timezone.now() - timedelta(seconds=1))


def state(approval: Approval) -> str:
    approval.refresh_from_db()
    return approval.state


def test_the_asker_withdraws(deeds: Deeds, acme_manager: Persona, acme_master: Persona) -> None:
    approval = ask(acme_manager)
    services.withdraw(actor=acme_manager.actor, approval_pk=approval.pk, note="Not yet")

    assert state(approval) == "withdrawn"
    assert approval.decided_by is None
    assert deeds.done == [("refused withdrawn", approval.pk)]
    with pytest.raises(NotWaiting):
        services.withdraw(actor=acme_manager.actor, approval_pk=approval.pk)
    with pytest.raises(NotWaiting):
        services.decide(actor=acme_master.actor, approval_pk=approval.pk, approve=True)
    assert len(deeds.done) == 1


def test_a_colleague_who_may_decide_withdraws_and_the_asker_is_told(
    deeds: Deeds, acme_manager: Persona, acme_finance: Persona
) -> None:
    approval = ask(acme_manager)
    services.withdraw(actor=acme_finance.actor, approval_pk=approval.pk)
    assert state(approval) == "withdrawn"
    assert "A colleague withdrew" in Email.objects.get(to=["manager@acme.example"]).message


def test_withdrawing_what_waits_on_a_subject(deeds: Deeds, acme_manager: Persona, outsider: Persona) -> None:
    account = make_account(acme_manager.partner)
    approval = ask(acme_manager, subject=account)
    assert not services.withdraw_for(actor=outsider.actor, subject=account)
    assert services.withdraw_for(actor=acme_manager.actor, subject=account, note="Gone")
    assert state(approval) == "withdrawn"
    assert not services.withdraw_for(actor=acme_manager.actor, subject=account)


def test_over_means_over_before_any_worker_says_so(deeds: Deeds, acme_manager: Persona, acme_master: Persona) -> None:
    approval = ask(acme_manager)
    turn_back(approval)
    with pytest.raises(NotWaiting):
        services.decide(actor=acme_master.actor, approval_pk=approval.pk, approve=True)
    assert deeds.done == []
    assert selectors.count_waiting_for(acme_master.actor) == 0
    assert [one.shown_state for one in selectors.list_approvals(acme_master.actor, state=["expired"])] == ["expired"]


def test_the_worker_makes_it_final_once(deeds: Deeds, acme_manager: Persona, acme_master: Persona) -> None:
    over, open_one = ask(acme_manager), ask(acme_manager)
    turn_back(over)

    tasks.expire_approvals()
    tasks.expire_approvals()

    assert (state(over), state(open_one)) == ("expired", "waiting")
    assert deeds.done == [("refused expired", over.pk)]
    assert AuditEntry.objects.filter(action="approvals.approval.expired").count() == 1
    assert Email.objects.filter(to=["manager@acme.example"]).count() == 1
    with pytest.raises(NotWaiting):
        services.withdraw(actor=acme_manager.actor, approval_pk=over.pk)


def test_only_the_worker_expires(deeds: Deeds, acme_master: Persona) -> None:
    with pytest.raises(Forbidden):
        services.expire_due(actor=acme_master.actor)
    assert services.expire_due(actor=system_actor("expiry")) == 0


def test_many_that_run_out_together_are_one_mail(deeds: Deeds, acme_manager: Persona) -> None:
    for _number in range(3):
        turn_back(ask(acme_manager))
    assert services.expire_due(actor=system_actor("expiry")) == 3
    assert Email.objects.filter(to=["manager@acme.example"]).count() == 1


def test_an_action_no_longer_checked_ends_all_the_same(
    deeds: Deeds, acme_manager: Persona, monkeypatch: pytest.MonkeyPatch
) -> None:
    approval = ask(acme_manager)
    turn_back(approval)
    for module in ("models", "services.ending"):
        monkeypatch.setattr(f"partner_console.approvals.{module}.CHECKED", {})
    assert services.expire_due(actor=system_actor("expiry")) == 1
    assert state(approval) == "expired"
    assert deeds.done == []
